package record

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Postback is an entry of the journal: in MongoDB a document, whose fields that lists filter or order by are always
// present; in SQLite, where the journal has columns, part of a report that waits.
type Postback struct {
	ID             string                 `json:"id,omitempty"              bson:"_id"`
	Offer          string                 `json:"offer"                     bson:"offer"`
	Conversion     string                 `json:"conversion,omitempty"      bson:"conversion"`
	Outcome        domain.PostbackOutcome `json:"outcome"                   bson:"outcome"`
	Reason         string                 `json:"reason,omitempty"          bson:"reason"`
	Message        string                 `json:"message,omitempty"         bson:"message,omitempty"`
	HTTPStatus     int                    `json:"http_status"               bson:"http_status"`
	Method         string                 `json:"method,omitempty"          bson:"method,omitempty"`
	Parameters     string                 `json:"parameters,omitempty"      bson:"parameters,omitempty"`
	CouponCode     string                 `json:"coupon_code,omitempty"     bson:"coupon_code"`
	CouponCodeKey  string                 `json:"-"                         bson:"coupon_code_key"`
	TransactionID  string                 `json:"transaction_id,omitempty"  bson:"transaction_id"`
	IdempotencyKey string                 `json:"idempotency_key,omitempty" bson:"idempotency_key,omitempty"`
	IP             string                 `json:"ip,omitempty"              bson:"ip,omitempty"`
	Authenticated  bool                   `json:"authenticated"             bson:"authenticated"`
	CreateTime     Millis                 `json:"create_time"               bson:"create_time"`
	// Duration is in microseconds.
	Duration    int64    `json:"duration"               bson:"duration"`
	Body        string   `json:"body,omitempty"         bson:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty" bson:"content_type,omitempty"`
	Warnings    []string `json:"warnings,omitempty"     bson:"warnings,omitempty"`
	Replay      *Replay  `json:"-"                      bson:"replay,omitempty"`
}

// Replay is the result of the last replay of a postback.
type Replay struct {
	Outcome    domain.ReplayOutcome `json:"outcome"              bson:"outcome"`
	Reason     string               `json:"reason,omitempty"     bson:"reason,omitempty"`
	Message    string               `json:"message,omitempty"    bson:"message,omitempty"`
	Conversion string               `json:"conversion,omitempty" bson:"conversion,omitempty"`
	Publisher  string               `json:"publisher,omitempty"  bson:"publisher,omitempty"`
	ReplayTime Millis               `json:"replay_time"          bson:"replay_time"`
}

// EncodePostback returns the record of an entry.
func EncodePostback(p domain.Postback) *Postback {
	return &Postback{
		ID: p.ID, Offer: p.Offer, Conversion: p.Conversion, Outcome: p.Outcome, Reason: p.Reason, Message: p.Message, HTTPStatus: p.HTTPStatus,
		Method: p.Method, Parameters: p.Parameters, CouponCode: p.CouponCode, CouponCodeKey: couponcode.Fold(p.CouponCode),
		TransactionID: p.TransactionID, IdempotencyKey: p.IdempotencyKey, IP: p.IP, Authenticated: p.Authenticated,
		CreateTime: millis(p.Time), Duration: p.Duration.Microseconds(), Body: p.Body, ContentType: p.ContentType, Warnings: p.Warnings,
		Replay: EncodeReplay(p.Replay),
	}
}

// Decode is the inverse of EncodePostback.
func (r *Postback) Decode() domain.Postback {
	return domain.Postback{
		ID: r.ID, Offer: r.Offer, Conversion: r.Conversion, Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, HTTPStatus: r.HTTPStatus,
		Method: r.Method, Parameters: r.Parameters, CouponCode: r.CouponCode, TransactionID: r.TransactionID, IdempotencyKey: r.IdempotencyKey,
		IP: r.IP, Authenticated: r.Authenticated, Time: r.CreateTime.time(), Duration: time.Duration(r.Duration) * time.Microsecond,
		Body: r.Body, ContentType: r.ContentType, Warnings: r.Warnings, Replay: r.Replay.Decode(),
	}
}

// EncodeReplay returns the record of a replay, nil for nil.
func EncodeReplay(r *domain.Replay) *Replay {
	if r == nil {
		return nil
	}
	return &Replay{
		Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Conversion: r.Conversion, Publisher: r.Publisher, ReplayTime: millis(r.Time),
	}
}

// Decode is the inverse of EncodeReplay.
func (r *Replay) Decode() *domain.Replay {
	if r == nil {
		return nil
	}
	return &domain.Replay{
		Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Conversion: r.Conversion, Publisher: r.Publisher, Time: r.ReplayTime.time(),
	}
}
