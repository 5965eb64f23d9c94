package uses

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Reservations is the collection of the uses that are held for checkouts.
const Reservations = "reservations"

// reservation is a domain.Reservation as it is stored.
type reservation struct {
	ID            string                  `bson:"_id"`
	Offer         string                  `bson:"offer"`
	Coupon        string                  `bson:"coupon"`
	Code          string                  `bson:"code"`
	TransactionID string                  `bson:"transaction_id"`
	State         domain.ReservationState `bson:"state"`
	Conversion    string                  `bson:"conversion,omitempty"`
	CreateTime    time.Time               `bson:"create_time"`
	ExpireTime    time.Time               `bson:"expire_time"`
}

func encodeReservation(r domain.Reservation) *reservation {
	return &reservation{
		ID: r.ID, Offer: r.Offer, Coupon: r.Coupon, Code: r.Code, TransactionID: r.TransactionID, State: r.State, Conversion: r.Conversion,
		CreateTime: r.CreateTime, ExpireTime: r.ExpireTime,
	}
}

func (d *reservation) decode() domain.Reservation {
	return domain.Reservation{
		ID: d.ID, Offer: d.Offer, Coupon: d.Coupon, Code: d.Code, TransactionID: d.TransactionID, State: d.State, Conversion: d.Conversion,
		CreateTime: d.CreateTime.UTC(), ExpireTime: d.ExpireTime.UTC(),
	}
}

// Held selects the reservations that may hold a use.
func Held() bson.D { return bson.D{{Key: "state", Value: domain.ReservationHeld}} }

// heldOf selects the reservations that hold a use of a coupon at a time.
func heldOf(coupon string, at time.Time) bson.D {
	return append(Held(), bson.E{Key: "coupon", Value: coupon}, bson.E{Key: "expire_time", Value: bson.D{{Key: "$gt", Value: at}}})
}

// HeldReservations returns the reservations that a query selects.
func (s *Store) HeldReservations(ctx context.Context, q listing.Query) ([]domain.Reservation, error) {
	return mongodoc.List(ctx, s.db, Reservations, q, (*reservation).decode)
}

// CountHeld returns how many reservations hold a use of a coupon at a time.
func (s *Store) CountHeld(ctx context.Context, coupon string, now time.Time) (int64, error) {
	held, err := s.db.Collection(Reservations).CountDocuments(ctx, heldOf(coupon, now))
	return held, mongodoc.Failure("counting a coupon's reservations", err)
}

// Reserve stores a reservation unless its id is taken, which does not count in the limits. Like a sale, it writes the
// counter of all days, so that of two transactions that count at once only one is committed.
func (s *Store) Reserve(ctx context.Context, r domain.Reservation, days []domain.Use) (stored domain.Reservation, inserted bool, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		release, err := s.taking.Take(ctx, r.Coupon)
		if err != nil {
			return err
		}
		defer release()
		return mongodoc.Repeated(ctx, func() error {
			return s.db.InTransaction(ctx, func(ctx context.Context) error {
				stored, inserted, err = s.reserve(ctx, r, days)
				return err
			})
		})
	})
	return stored, inserted && err == nil, err
}

func (s *Store) reserve(ctx context.Context, r domain.Reservation, days []domain.Use) (stored domain.Reservation, inserted bool, err error) {
	stored, err = s.Reservation(ctx, r.ID)
	if !errors.Is(err, domain.ErrNotFound) {
		return stored, false, err
	}
	counts := make([]Counts, len(days))
	for i := range days {
		if counts[i], err = s.Count(ctx, &days[i]); err != nil {
			return r, false, err
		}
		if !counts[i].Left() {
			return r, false, domain.ErrLimitReached
		}
	}
	_, err = s.db.Collection(Reservations).InsertOne(ctx, encodeReservation(r))
	if mongodb.IsUnique(err) { // another process was faster
		return r, false, mongodoc.ErrChanged
	}
	if err != nil {
		return r, false, mongodoc.Failure("inserting a reservation", err)
	}
	for _, c := range counts {
		if err := s.hold(ctx, c, r.ExpireTime); err != nil {
			return r, false, err
		}
	}
	return r, true, nil
}

// hold stores counts, and until when the coupon's reservations may hold uses.
func (s *Store) hold(ctx context.Context, c Counts, until time.Time) error {
	if c.all.ID == "" {
		return nil
	}
	if err := s.Put(ctx, c, 0); err != nil {
		return err
	}
	if known := c.until(); known.After(until) {
		until = known
	}
	update := bson.D{{Key: "$max", Value: bson.D{{Key: heldUntil, Value: until}}}}
	result, err := s.db.Collection(Collection).UpdateOne(ctx, mongodoc.ByID(c.all.ID), update)
	if err == nil && result.MatchedCount == 0 {
		return mongodoc.ErrChanged
	}
	return mongodoc.Failure("counting a reservation", err)
}

// Reservation returns a reservation by its id, or domain.ErrNotFound.
func (s *Store) Reservation(ctx context.Context, id string) (domain.Reservation, error) {
	return mongodoc.One(ctx, s.db, Reservations, id, (*reservation).decode)
}

// HeldFor returns the reservation that holds a use of a coupon for a transaction, or domain.ErrNotFound.
func (s *Store) HeldFor(ctx context.Context, coupon, transaction string, now time.Time) (domain.Reservation, error) {
	var found reservation
	err := s.db.Collection(Reservations).FindOne(ctx, append(heldOf(coupon, now), bson.E{Key: "transaction_id", Value: transaction})).Decode(&found)
	return found.decode(), mongodoc.ReadFailure("looking for a transaction's reservation", err)
}

// ReleaseReservation gives a held use back. It returns the reservation as it is then.
func (s *Store) ReleaseReservation(ctx context.Context, id string, now time.Time) (r domain.Reservation, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		filter := append(mongodoc.ByID(id), append(Held(), bson.E{Key: "expire_time", Value: bson.D{{Key: "$gt", Value: now}}})...)
		_, err := s.db.Collection(Reservations).UpdateOne(ctx, filter, mongodoc.Set(bson.D{{Key: "state", Value: domain.ReservationReleased}}))
		if err != nil {
			return mongodoc.Failure("releasing a reservation", err)
		}
		r, err = s.Reservation(ctx, id)
		return err
	})
	return r, err
}

// TakeReservations marks the reservations of a use as taken, if there may be any.
func (s *Store) TakeReservations(ctx context.Context, u *domain.Use, c Counts) error {
	if u == nil || u.Reservation == "" && (!c.looked || u.TransactionID == "") {
		return nil
	}
	own := bson.A{mongodoc.ByID(u.Reservation)}
	if u.TransactionID != "" {
		own = append(own, bson.D{{Key: "transaction_id", Value: u.TransactionID}})
	}
	taken := bson.D{{Key: "state", Value: domain.ReservationTaken}, {Key: "conversion", Value: u.Conversion}}
	_, err := s.db.Collection(Reservations).UpdateMany(ctx, append(heldOf(u.Coupon, u.Now), bson.E{Key: "$or", Value: own}), mongodoc.Set(taken))
	return mongodoc.Failure("taking a reservation", err)
}

// countHeld sets how many reservations hold a use against this one.
func (s *Store) countHeld(ctx context.Context, u domain.Use, c *Counts) (err error) {
	c.looked = true
	filter := append(heldOf(u.Coupon, u.Now), bson.E{Key: "_id", Value: bson.D{{Key: "$ne", Value: u.Reservation}}})
	if u.TransactionID != "" {
		filter = append(filter, bson.E{Key: "transaction_id", Value: bson.D{{Key: "$ne", Value: u.TransactionID}}})
	}
	held := s.db.Collection(Reservations)
	if c.held, err = held.CountDocuments(ctx, filter); err != nil || u.Limits.Daily == 0 {
		return mongodoc.Failure("counting a coupon's reservations", err)
	}
	onDay := append(filter, bson.E{Key: "create_time", Value: bson.D{{Key: "$lt", Value: u.To}}})
	for i, e := range onDay {
		if e.Key == "expire_time" && u.From.After(u.Now) {
			onDay[i].Value = bson.D{{Key: "$gt", Value: u.From}}
		}
	}
	c.heldOnDay, err = held.CountDocuments(ctx, onDay)
	return mongodoc.Failure("counting a coupon's reservations", err)
}

// heldUntil is the field of counter.HeldUntil.
const heldUntil = "held_until"

// until returns a time after which none of the reservations that were counted holds a use.
func (c Counts) until() time.Time {
	switch {
	case c.all.HeldUntil != nil:
		return *c.all.HeldUntil
	case c.held > 0:
		return c.now.Add(domain.MaxReservationTTL)
	default:
		return c.now
	}
}
