// Package uses stores, in the tracking service's MongoDB database, the counts of uses of coupons with limits, and the
// reservations of uses.
//
// Only the MongoDB store imports it.
package uses

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/stripes"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Collection has the counts of uses: in all, and for each day.
const Collection = "coupon_uses"

// counter is the stored count of a coupon's uses, in all or on a day. It can always be recomputed from the
// conversions, and is if it is missing or from another revision of the coupon, when uses may not have been
// counted.
type counter struct {
	// ID is the coupon's name, with `|` and the day in that of a day.
	ID     string `bson:"_id"`
	Coupon string `bson:"coupon"`
	// Day is empty in the counter of all days.
	Day  string `bson:"day"`
	ETag string `bson:"etag"`
	Uses int64  `bson:"uses"`
	// BeginTime is when the day began. The counter expires some time later; never if it is zero.
	BeginTime time.Time `bson:"begin_time,omitempty"`
	// HeldUntil, in the counter of all days, is a time after which none of the coupon's reservations so far holds a use;
	// nil if nobody knows. So sales of a coupon without reservations need no query more.
	HeldUntil *time.Time `bson:"held_until,omitempty"`
	// known says that HeldUntil is not stored yet.
	known bool
}

// Counts are a coupon's counters that a use touches.
type Counts struct {
	limits domain.Limits
	all    counter
	day    counter
	// recounted says that they were computed from the conversions and are not stored yet.
	recounted bool
	// now is when they were counted. looked says that reservations may hold uses; held and heldOnDay are how many do.
	now             time.Time
	looked          bool
	held, heldOnDay int64
}

// Left reports whether a use is left.
func (c Counts) Left() bool {
	return (c.limits.Total == 0 || c.all.Uses+c.held < c.limits.Total) && (c.limits.Daily == 0 || c.day.Uses+c.heldOnDay < c.limits.Daily)
}

// countersOf returns the counters that a use touches, as they are before the first.
func countersOf(u domain.Use) (all, day counter) {
	all = counter{ID: u.Coupon, Coupon: u.Coupon, ETag: u.ETag}
	day = counter{ID: u.Coupon + "|" + u.Day(), Coupon: u.Coupon, Day: u.Day(), ETag: u.ETag, BeginTime: u.From}
	return all, day
}

// Store stores the counts of uses.
type Store struct {
	db *mongodb.DB
	// taking is by the name of a coupon.
	taking *stripes.Stripes
}

// New returns a Store on a database. It shares the locks of coupons whose uses are taken.
func New(db *mongodb.DB, taking *stripes.Stripes) *Store { return &Store{db: db, taking: taking} }

// Count returns a coupon's Counts for a use, as a transaction sees them; nothing for no use, or for one without limits.
func (s *Store) Count(ctx context.Context, u *domain.Use) (Counts, error) {
	if !u.Limited() {
		return Counts{}, nil
	}
	c := Counts{limits: u.Limits, now: u.Now}
	c.all, c.day = countersOf(*u)
	stored, err := mongodoc.Find[counter](ctx, s.db, Collection, "reading a coupon's uses", mongodoc.Among("_id", []string{c.all.ID, c.day.ID}), options.Find())
	if err != nil {
		return c, err
	}
	current := 0
	for _, found := range stored {
		if found.Day == "" {
			c.all.HeldUntil = found.HeldUntil
		}
		if found.ETag != u.ETag {
			continue
		}
		current++
		if found.Day == "" {
			c.all.Uses = found.Uses
		} else {
			c.day.Uses = found.Uses
		}
	}
	if c.all.HeldUntil == nil || c.all.HeldUntil.After(u.Now) {
		if err := s.countHeld(ctx, *u, &c); err != nil {
			return c, err
		}
	}
	if current == 2 {
		return c, nil
	}
	c.recounted = true
	if c.all.Uses, err = s.countConversions(ctx, *u, nil); err != nil {
		return c, err
	}
	onDay := bson.D{{Key: "conversion_time", Value: bson.D{{Key: "$gte", Value: u.From}, {Key: "$lt", Value: u.To}}}}
	c.day.Uses, err = s.countConversions(ctx, *u, onDay)
	return c, err
}

func (s *Store) UsesLeft(ctx context.Context, u domain.Use) (bool, error) {
	c, err := s.Count(ctx, &u)
	return err == nil && c.Left(), err
}

// countConversions Counts the conversions that hold a use of a coupon. It selects them by the coupon's code,
// which each has as its Pub. Unique 3, because that field is indexed.
func (s *Store) countConversions(ctx context.Context, u domain.Use, more bson.D) (int64, error) {
	filter := bson.D{
		{Key: "pub_unique3_key", Value: couponcode.Fold(u.Code)},
		{Key: "coupon", Value: u.Coupon},
		{Key: "outcome", Value: domain.Attributed},
		{Key: "status", Value: bson.D{{Key: "$ne", Value: domain.StatusRejected}}},
	}
	n, err := s.db.Collection("conversions").CountDocuments(ctx, append(filter, more...))
	return n, mongodoc.Failure("counting a coupon's uses", err)
}

// Put stores counts with a number of uses more. Those that were read are not read again: if they have
// changed since, the transaction is not committed.
func (s *Store) Put(ctx context.Context, c Counts, more int64) error {
	if c.all.ID == "" || more == 0 && !c.recounted {
		return nil
	}
	if until := c.until(); c.looked && c.all.HeldUntil == nil {
		c.all.HeldUntil, c.all.known = &until, true
	}
	for _, counted := range []counter{c.all, c.day} {
		if err := s.putOne(ctx, counted, more, c.recounted); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putOne(ctx context.Context, counted counter, more int64, recounted bool) (err error) {
	var result *mongo.UpdateResult
	uses := s.db.Collection(Collection)
	if recounted {
		counted.Uses += more
		result, err = uses.ReplaceOne(ctx, mongodoc.ByID(counted.ID), counted, options.Replace().SetUpsert(true))
	} else {
		update := bson.D{{Key: "$inc", Value: bson.D{{Key: "uses", Value: more}}}}
		if counted.known {
			update = append(update, bson.E{Key: "$max", Value: bson.D{{Key: heldUntil, Value: *counted.HeldUntil}}})
		}
		result, err = uses.UpdateOne(ctx, mongodoc.ByID(counted.ID), update)
	}
	switch {
	case mongodb.IsUnique(err): // another process counted at the same time
		return mongodoc.ErrChanged
	case err != nil:
		return mongodoc.Failure("counting a use", err)
	case result.MatchedCount == 0 && result.UpsertedCount == 0: // it has just expired
		return mongodoc.ErrChanged
	default:
		return nil
	}
}

// GiveBack gives a use back; nil is no use. It always writes the counter of all days, so that a concurrent
// transaction that recounts the conversions conflicts with it. A counter that it creates has no revision, so it
// is recounted before it is used.
func (s *Store) GiveBack(ctx context.Context, u *domain.Use) error {
	if u == nil {
		return nil
	}
	all, day := countersOf(*u)
	uses := s.db.Collection(Collection)
	_, err := uses.UpdateOne(ctx, mongodoc.ByID(all.ID), bson.D{
		{Key: "$inc", Value: bson.D{{Key: "returns", Value: int64(1)}}},
		{Key: "$setOnInsert", Value: bson.D{
			{Key: "coupon", Value: all.Coupon}, {Key: "day", Value: ""}, {Key: "etag", Value: ""}, {Key: "uses", Value: int64(0)},
		}},
	}, options.UpdateOne().SetUpsert(true))
	if mongodb.IsUnique(err) {
		return mongodoc.ErrChanged
	}
	if err != nil {
		return mongodoc.Failure("giving a use back", err)
	}
	filter := append(mongodoc.Among("_id", []string{all.ID, day.ID}), bson.E{Key: "uses", Value: bson.D{{Key: "$gt", Value: 0}}})
	_, err = uses.UpdateMany(ctx, filter, bson.D{{Key: "$inc", Value: bson.D{{Key: "uses", Value: int64(-1)}}}})
	return mongodoc.Failure("giving a use back", err)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{
		mongodoc.Moved(s.db, Collection, (*counter).decode, func(u domain.CouponUses) string { return encodeUses(u).ID }, mongodb.EachAlone(encodeUses)),
		mongodoc.Moved(s.db, Reservations, (*reservation).decode, func(r domain.Reservation) string { return r.ID }, mongodb.EachAlone(encodeReservation)),
	}
}

// encodeUses returns how often a coupon was used as it is stored. It expires some hours from when it would
// have otherwise, since the zone of its day is not known here.
func encodeUses(u domain.CouponUses) *counter {
	c := &counter{ID: u.Coupon, Coupon: u.Coupon, Day: u.Day, ETag: u.ETag, Uses: u.Uses}
	if u.Day != "" {
		c.ID += "|" + u.Day
		c.BeginTime, _ = time.Parse(time.DateOnly, u.Day) // what is no day never expires
	}
	return c
}

func (c *counter) decode() domain.CouponUses {
	return domain.CouponUses{Coupon: c.Coupon, Day: c.Day, ETag: c.ETag, Uses: c.Uses}
}
