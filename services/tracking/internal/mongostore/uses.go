package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

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
}

// counts are a coupon's counters that a use touches.
type counts struct {
	limits domain.Limits
	all    counter
	day    counter
	// recounted says that they were computed from the conversions and are not stored yet.
	recounted bool
}

// left reports whether a use is left.
func (c counts) left() bool {
	return (c.limits.Total == 0 || c.all.Uses < c.limits.Total) && (c.limits.Daily == 0 || c.day.Uses < c.limits.Daily)
}

// countersOf returns the counters that a use touches, as they are before the first.
func countersOf(u domain.Use) (all, day counter) {
	all = counter{ID: u.Coupon, Coupon: u.Coupon, ETag: u.ETag}
	day = counter{ID: u.Coupon + "|" + u.Day(), Coupon: u.Coupon, Day: u.Day(), ETag: u.ETag, BeginTime: u.From}
	return all, day
}

// count returns a coupon's counts for a use, as a transaction sees them; nothing for no use.
func (s *Store) count(ctx context.Context, u *domain.Use) (counts, error) {
	if u == nil {
		return counts{}, nil
	}
	c := counts{limits: u.Limits}
	c.all, c.day = countersOf(*u)
	stored, err := find[counter](ctx, s.db, couponUses, "reading a coupon's uses", among("_id", []string{c.all.ID, c.day.ID}), options.Find())
	if err != nil {
		return c, err
	}
	current := 0
	for _, found := range stored {
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
	c, err := s.count(ctx, &u)
	return err == nil && c.left(), err
}

// countConversions counts the conversions that hold a use of a coupon. It selects them by the coupon's code,
// which each has as its Pub. Unique 3, because that field is indexed.
func (s *Store) countConversions(ctx context.Context, u domain.Use, more bson.D) (int64, error) {
	filter := bson.D{
		{Key: "pub_unique3_key", Value: couponcode.Fold(u.Code)},
		{Key: "coupon", Value: u.Coupon},
		{Key: "outcome", Value: domain.Attributed},
		{Key: "status", Value: bson.D{{Key: "$ne", Value: domain.StatusRejected}}},
	}
	n, err := s.db.Collection(conversions).CountDocuments(ctx, append(filter, more...))
	return n, failure("counting a coupon's uses", err)
}

// put stores counts with a number of uses more. Those that were read are not read again: if they have
// changed since, the transaction is not committed.
func (s *Store) put(ctx context.Context, c counts, more int64) error {
	if c.all.ID == "" || more == 0 && !c.recounted {
		return nil
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
	uses := s.db.Collection(couponUses)
	if recounted {
		counted.Uses += more
		result, err = uses.ReplaceOne(ctx, byID(counted.ID), counted, options.Replace().SetUpsert(true))
	} else {
		result, err = uses.UpdateOne(ctx, byID(counted.ID), bson.D{{Key: "$inc", Value: bson.D{{Key: "uses", Value: more}}}})
	}
	switch {
	case mongodb.IsUnique(err): // another process counted at the same time
		return errChanged
	case err != nil:
		return failure("counting a use", err)
	case result.MatchedCount == 0 && result.UpsertedCount == 0: // it has just expired
		return errChanged
	default:
		return nil
	}
}

// giveBack gives a use back; nil is no use. It always writes the counter of all days, so that a concurrent
// transaction that recounts the conversions conflicts with it. A counter that it creates has no revision, so it
// is recounted before it is used.
func (s *Store) giveBack(ctx context.Context, u *domain.Use) error {
	if u == nil {
		return nil
	}
	all, day := countersOf(*u)
	uses := s.db.Collection(couponUses)
	_, err := uses.UpdateOne(ctx, byID(all.ID), bson.D{
		{Key: "$inc", Value: bson.D{{Key: "returns", Value: int64(1)}}},
		{Key: "$setOnInsert", Value: bson.D{
			{Key: "coupon", Value: all.Coupon}, {Key: "day", Value: ""}, {Key: "etag", Value: ""}, {Key: "uses", Value: int64(0)},
		}},
	}, options.UpdateOne().SetUpsert(true))
	if mongodb.IsUnique(err) {
		return errChanged
	}
	if err != nil {
		return failure("giving a use back", err)
	}
	filter := append(among("_id", []string{all.ID, day.ID}), bson.E{Key: "uses", Value: bson.D{{Key: "$gt", Value: 0}}})
	_, err = uses.UpdateMany(ctx, filter, bson.D{{Key: "$inc", Value: bson.D{{Key: "uses", Value: int64(-1)}}}})
	return failure("giving a use back", err)
}
