package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/app"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// postbackDocument is an entry of the journal as it is stored. What lists can filter or order by is
// always present.
type postbackDocument struct {
	ID             string                 `bson:"_id"`
	Offer          string                 `bson:"offer"`
	Conversion     string                 `bson:"conversion"`
	Outcome        domain.PostbackOutcome `bson:"outcome"`
	Reason         string                 `bson:"reason"`
	Message        string                 `bson:"message,omitempty"`
	HTTPStatus     int                    `bson:"http_status"`
	Method         string                 `bson:"method,omitempty"`
	Parameters     string                 `bson:"parameters,omitempty"`
	Body           string                 `bson:"body,omitempty"`
	ContentType    string                 `bson:"content_type,omitempty"`
	Warnings       []string               `bson:"warnings,omitempty"`
	CouponCode     string                 `bson:"coupon_code"`
	CouponCodeKey  string                 `bson:"coupon_code_key"`
	TransactionID  string                 `bson:"transaction_id"`
	IdempotencyKey string                 `bson:"idempotency_key,omitempty"`
	IP             string                 `bson:"ip,omitempty"`
	Authenticated  bool                   `bson:"authenticated"`
	CreateTime     time.Time              `bson:"create_time"`
	// Duration is in microseconds.
	Duration int64           `bson:"duration"`
	Replay   *replayDocument `bson:"replay,omitempty"`
}

type replayDocument struct {
	Outcome    domain.ReplayOutcome `bson:"outcome"`
	Reason     string               `bson:"reason,omitempty"`
	Message    string               `bson:"message,omitempty"`
	Conversion string               `bson:"conversion,omitempty"`
	Publisher  string               `bson:"publisher,omitempty"`
	ReplayTime time.Time            `bson:"replay_time"`
}

func encodePostback(p domain.Postback) *postbackDocument {
	d := &postbackDocument{
		ID: p.ID, Offer: p.Offer, Conversion: p.Conversion, Outcome: p.Outcome, Reason: p.Reason, Message: p.Message,
		HTTPStatus: p.HTTPStatus, Method: p.Method, Parameters: p.Parameters, Body: p.Body, ContentType: p.ContentType, Warnings: p.Warnings,
		CouponCode: p.CouponCode, CouponCodeKey: couponcode.Fold(p.CouponCode),
		TransactionID: p.TransactionID, IdempotencyKey: p.IdempotencyKey, IP: p.IP, Authenticated: p.Authenticated,
		CreateTime: p.Time, Duration: p.Duration.Microseconds(),
	}
	if p.Replay != nil {
		d.Replay = encodeReplay(*p.Replay)
	}
	return d
}

func (d *postbackDocument) decode() domain.Postback {
	p := domain.Postback{
		ID: d.ID, Offer: d.Offer, Conversion: d.Conversion, Outcome: d.Outcome, Reason: d.Reason, Message: d.Message,
		HTTPStatus: d.HTTPStatus, Method: d.Method, Parameters: d.Parameters, CouponCode: d.CouponCode,
		TransactionID: d.TransactionID, IdempotencyKey: d.IdempotencyKey, IP: d.IP, Authenticated: d.Authenticated,
		Body: d.Body, ContentType: d.ContentType, Warnings: d.Warnings,
		Time: d.CreateTime.UTC(), Duration: time.Duration(d.Duration) * time.Microsecond,
	}
	if r := d.Replay; r != nil {
		p.Replay = &domain.Replay{
			Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Conversion: r.Conversion, Publisher: r.Publisher,
			Time: r.ReplayTime.UTC(),
		}
	}
	return p
}

func encodeReplay(r domain.Replay) *replayDocument {
	return &replayDocument{
		Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Conversion: r.Conversion, Publisher: r.Publisher,
		ReplayTime: r.Time,
	}
}

// InsertPostback stores an entry that came with no new conversion.
func (s *Store) InsertPostback(ctx context.Context, postback domain.Postback) error {
	entry := encodePostback(postback)
	return entryFailure(entry, s.postbacks.Write(ctx, entry))
}

// entryFailure is the error of the storing of an entry, nil included. It never looks like the refusal
// of a conversion whose id is taken.
func entryFailure(entry *postbackDocument, err error) error {
	if mongodb.IsUnique(err) {
		return fmt.Errorf("postback %s exists already", entry.ID)
	}
	return err
}

// SetReplay notes what the last replay of a postback came to.
func (s *Store) SetReplay(ctx context.Context, id string, replay domain.Replay) error {
	result, err := s.db.Collection(postbacks).UpdateOne(ctx, byID(id), set(bson.D{{Key: "replay", Value: encodeReplay(replay)}}))
	if err != nil {
		return failure("noting a replay", err)
	}
	if result.MatchedCount == 0 {
		return app.ErrNotFound
	}
	return nil
}

// Postback returns an entry by its id, or app.ErrNotFound.
func (s *Store) Postback(ctx context.Context, id string) (domain.Postback, error) {
	return one(ctx, s.db, postbacks, id, (*postbackDocument).decode)
}

// Postbacks returns the entries that a query selects.
func (s *Store) Postbacks(ctx context.Context, q listing.Query) ([]domain.Postback, error) {
	return list(ctx, s.db, postbacks, q, (*postbackDocument).decode)
}
