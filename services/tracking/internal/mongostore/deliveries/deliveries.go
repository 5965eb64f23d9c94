// Package deliveries stores deliveries in the tracking service's MongoDB database.
//
// Only the MongoDB store imports it.
package deliveries

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// Collection has the deliveries.
const Collection = "deliveries"

// deliveryDocument is a delivery as it is stored. What lists can filter or order by is always present.
type deliveryDocument struct {
	ID         string         `bson:"_id"`
	Conversion string         `bson:"conversion"`
	Change     int            `bson:"change"`
	Publisher  string         `bson:"publisher"`
	Offer      string         `bson:"offer"`
	Status     domain.Status  `bson:"status"`
	State      delivery.State `bson:"state"`
	Payload    string         `bson:"payload"`
	// DueTime and Holder are absent when it is done, Holder also when nobody tries it. There may be a
	// field `followed` besides, which says that another one waits for it.
	DueTime      time.Time        `bson:"due_time,omitempty"`
	Holder       string           `bson:"holder,omitempty"`
	FirstDueTime time.Time        `bson:"first_due_time"`
	AttemptCount int              `bson:"attempt_count"`
	Attempts     []record.Attempt `bson:"attempts,omitempty"`
	CreateTime   time.Time        `bson:"create_time"`
	FinishTime   time.Time        `bson:"finish_time,omitempty"`
}

func encodeDelivery(d delivery.Delivery) *deliveryDocument {
	return &deliveryDocument{
		ID: d.ID, Conversion: d.Conversion, Change: d.Change, Publisher: d.Publisher, Offer: d.Offer, Status: d.Status,
		State: d.State, Payload: d.Payload, DueTime: d.DueTime, FirstDueTime: d.FirstDueTime, AttemptCount: d.AttemptCount,
		Attempts: record.EncodeAttempts(d.Attempts), CreateTime: d.CreateTime, FinishTime: d.FinishTime,
	}
}

func (d *deliveryDocument) decode() delivery.Delivery {
	return delivery.Delivery{
		ID: d.ID, Conversion: d.Conversion, Change: d.Change, Publisher: d.Publisher, Offer: d.Offer, Status: d.Status,
		State: d.State, Payload: d.Payload, DueTime: d.DueTime.UTC(), FirstDueTime: d.FirstDueTime.UTC(), AttemptCount: d.AttemptCount,
		Attempts: record.DecodeAttempts(d.Attempts), CreateTime: d.CreateTime.UTC(), FinishTime: d.FinishTime.UTC(),
	}
}

// Unplanned returns conversions with changes whose deliveries are not planned.

// Store stores deliveries.
type Store struct{ db *mongodb.DB }

// New returns a Store on a database.
func New(db *mongodb.DB) *Store { return &Store{db: db} }

// StillDue selects the deliveries that are not done.
func StillDue() bson.D { return bson.D{{Key: "state", Value: delivery.Due}} }

// Plan stores the deliveries of plans, and then notes that their conversions are planned.
func (s *Store) Plan(ctx context.Context, plans []delivery.Plan) error {
	var planned []any
	var notes []mongo.WriteModel
	for _, p := range plans {
		for _, d := range p.Deliveries {
			planned = append(planned, encodeDelivery(d))
		}
		notes = append(notes, mongo.NewUpdateOneModel().
			SetFilter(append(mongodoc.ByID(p.Conversion), bson.E{Key: "revision", Value: p.Revision})).
			SetUpdate(mongodoc.Unset("plan_from")))
	}
	if len(planned) > 0 {
		for _, err := range s.db.InsertAll(ctx, Collection, planned) {
			if err != nil && !mongodb.IsUnique(err) {
				return err
			}
		}
	}
	return s.db.UpdateAll(ctx, "conversions", notes)
}

// FinishDelivery stores a claimed delivery after an attempt, if the holder still holds it.
func (s *Store) FinishDelivery(ctx context.Context, finished delivery.Delivery, holder string) error {
	d := encodeDelivery(finished)
	filter := append(append(mongodoc.ByID(d.ID), bson.E{Key: "holder", Value: holder}), StillDue()...)
	changed := bson.D{
		{Key: "state", Value: d.State},
		{Key: "attempt_count", Value: d.AttemptCount},
		{Key: "attempts", Value: d.Attempts},
	}
	gone := []string{"holder"}
	if d.State != delivery.Due {
		gone = append(gone, "followed")
	}
	for _, moment := range []struct {
		field string
		time  time.Time
	}{{"due_time", d.DueTime}, {"finish_time", d.FinishTime}} {
		if moment.time.IsZero() {
			gone = append(gone, moment.field)
		} else {
			changed = append(changed, bson.E{Key: moment.field, Value: moment.time})
		}
	}
	update := append(mongodoc.Set(changed), mongodoc.Unset(gone...)...)
	// Few deliveries have others waiting for them. The write requires that this one does not, so that one that
	// begins to wait at the same time is not missed.
	free := append(filter[:len(filter):len(filter)], bson.E{Key: "followed", Value: bson.D{{Key: "$exists", Value: false}}})
	result, err := s.db.Collection(Collection).UpdateOne(ctx, free, update)
	if err != nil || result.MatchedCount > 0 {
		return mongodoc.Failure("finishing a delivery", err)
	}
	result, err = s.db.Collection(Collection).UpdateOne(ctx, filter, update)
	if err != nil || result.MatchedCount == 0 || d.State == delivery.Due {
		return mongodoc.Failure("finishing a delivery", err)
	}
	return s.callUp(ctx, d)
}

// ReplayDelivery makes a delivery due. A holder loses it: the result of an attempt in flight is not
// stored.
func (s *Store) ReplayDelivery(ctx context.Context, id string, now time.Time) (delivery.Delivery, error) {
	due := mongodoc.Set(bson.D{
		{Key: "state", Value: delivery.Due},
		{Key: "due_time", Value: now},
		{Key: "first_due_time", Value: now},
		{Key: "attempt_count", Value: 0},
	})
	var found deliveryDocument
	err := s.db.Collection(Collection).FindOneAndUpdate(ctx, mongodoc.ByID(id), append(due, mongodoc.Unset("holder", "finish_time")...),
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&found)
	return found.decode(), mongodoc.ReadFailure("replaying a delivery", err)
}

// Delivery returns a delivery by its id, or domain.ErrNotFound.
func (s *Store) Delivery(ctx context.Context, id string) (delivery.Delivery, error) {
	return mongodoc.One(ctx, s.db, Collection, id, (*deliveryDocument).decode)
}

// Deliveries returns the deliveries that a query selects, without their attempts.
func (s *Store) Deliveries(ctx context.Context, q listing.Query) ([]delivery.Delivery, error) {
	return mongodoc.List(ctx, s.db, Collection, q, (*deliveryDocument).decode, "attempts")
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{mongodoc.Moved(s.db, Collection, (*deliveryDocument).decode, func(d delivery.Delivery) string { return d.ID }, mongodb.EachAlone(encodeDelivery))}
}
