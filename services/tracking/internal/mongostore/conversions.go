package mongostore

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Conversion returns a conversion by its id, or domain.ErrNotFound.
func (s *Store) Conversion(ctx context.Context, id string) (domain.Conversion, error) {
	return mongodoc.One(ctx, s.db, conversions, id, (*conversionDocument).decode)
}

// Conversions returns the conversions that a query selects, without what only one is read with.
func (s *Store) Conversions(ctx context.Context, q listing.Query) ([]domain.Conversion, error) {
	return mongodoc.List(ctx, s.db, conversions, q, (*conversionDocument).decode, listsWithout()...)
}

// listsWithout are the fields that only one conversion is read with.
func listsWithout() []string { return []string{"decision", "plan_from", "changes", "conflicts"} }

// UpdateConversion replaces a conversion by what change makes of it. That it still has the revision with
// which it was read is a condition of the write; else it is read again.
func (s *Store) UpdateConversion(
	ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error),
) (stored domain.Conversion, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		release, err := s.updating.Take(ctx, id)
		if err != nil {
			return err
		}
		defer release()
		return mongodoc.Repeated(ctx, func() error {
			stored, err = s.update(ctx, id, change, s.db.InTransaction)
			return err
		})
	})
	if err != nil {
		return domain.Conversion{}, err
	}
	return stored, nil
}

// update is one attempt of an update; mongodoc.ErrChanged where it wrote nothing because another was faster. Several
// writes are made with together, which runs them in a transaction.
func (s *Store) update(
	ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error),
	together func(context.Context, func(context.Context) error) error,
) (domain.Conversion, error) {
	var found conversionDocument
	before, err := mongodoc.One(ctx, s.db, conversions, id, func(d *conversionDocument) domain.Conversion {
		found = *d
		return d.decode()
	})
	if err != nil {
		return before, err
	}
	update, err := change(before)
	if err != nil || update.Conversion.Revision == before.Revision {
		return before, err
	}
	took, gave := moved(before, update)
	if took == nil && gave == nil {
		return update.Conversion, s.replace(ctx, &found, update.Conversion)
	}
	err = together(ctx, func(ctx context.Context) error {
		counts, err := s.couponUses.Count(ctx, took)
		if err != nil {
			return err
		}
		if took != nil && !counts.Left() {
			return domain.ErrLimitReached
		}
		if err := s.replace(ctx, &found, update.Conversion); err != nil {
			return err
		}
		if err := s.GiveBack(ctx, gave); err != nil {
			return err
		}
		if err := s.couponUses.Put(ctx, counts, 1); err != nil {
			return err
		}
		return s.TakeReservations(ctx, took, counts)
	})
	return update.Conversion, err
}

// moved returns the use that an update takes and the one that it gives back; nil: none.
func moved(before domain.Conversion, update domain.Update) (took, gave *domain.Use) {
	held, holds := before.Holds(), update.Conversion.Holds()
	if held == holds {
		return nil, nil
	}
	if holds != "" && update.Use.Counted() {
		took = update.Use
	}
	if held != "" {
		gave = update.Return
	}
	return took, gave
}

// replace stores a conversion in the place of what it was; mongodoc.ErrChanged where that is not what is stored.
func (s *Store) replace(ctx context.Context, before *conversionDocument, after domain.Conversion) error {
	document := encodeConversion(after)
	document.mark(before)
	result, err := s.db.Collection(conversions).ReplaceOne(ctx, before.unchanged(), document)
	if err != nil {
		return mongodoc.Failure("changing a conversion", err)
	}
	if result.MatchedCount == 0 {
		return mongodoc.ErrChanged
	}
	return nil
}

// unchanged selects the conversion as long as nobody has changed it or given its events numbers.
func (d *conversionDocument) unchanged() bson.D {
	feedFrom := bson.E{Key: "feed_from", Value: bson.D{{Key: "$exists", Value: false}}}
	if d.FeedFrom != nil {
		feedFrom.Value = *d.FeedFrom
	}
	return append(mongodoc.ByID(d.ID), bson.E{Key: "revision", Value: d.Revision}, feedFrom)
}

// insertWith stores a conversion with its use of a coupon, its deferred report and its entry in the journal,
// unless its id is taken; then it returns the conversion that has the id. Two transactions that change one
// counter are never both committed: the second starts over and sees the first's.
func (s *Store) insertWith(ctx context.Context, fresh domain.Sale) (stored domain.Conversion, inserted bool, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		apart := fresh.Conversion.ID
		if fresh.Use != nil {
			apart = fresh.Use.Coupon
		}
		release, err := s.taking.Take(ctx, apart)
		if err != nil {
			return err
		}
		defer release()
		return mongodoc.Repeated(ctx, func() error {
			return s.db.InTransaction(ctx, func(ctx context.Context) error {
				stored, inserted, err = s.insertCounted(ctx, fresh)
				return err
			})
		})
	})
	if err != nil || !inserted {
		return stored, inserted, err
	}
	awaited, err := deferred.AwaitedAmong(ctx, s.db, []string{stored.ID})
	stored.Awaited = err != nil || awaited[stored.ID] // if unknown, the caller looks
	return stored, inserted, nil
}

// insertCounted is insertWith in a transaction. On servers without transactions it loses no use that was
// sold: it reads everything before the first write, and writes the conversion before it counts it. Nor does
// it leave a conversion that is never judged again: it writes the deferred report first.
func (s *Store) insertCounted(ctx context.Context, fresh domain.Sale) (stored domain.Conversion, inserted bool, err error) {
	stored, err = s.Conversion(ctx, fresh.Conversion.ID)
	if !errors.Is(err, domain.ErrNotFound) {
		return stored, false, err
	}
	counts, err := s.couponUses.Count(ctx, fresh.Use)
	if err != nil {
		return stored, false, err
	}
	stored, taken := fresh.Conversion, int64(1)
	if !counts.Left() {
		stored, taken = fresh.OverLimit(), 0
	}
	if fresh.Deferred != nil {
		if err := s.deferredReports.Put(ctx, *fresh.Deferred); err != nil {
			return stored, false, err
		}
	}
	document := encodeConversion(stored)
	document.mark(nil)
	if _, err := s.db.Collection(conversions).InsertOne(ctx, document); err != nil {
		return stored, false, mongodoc.Failure("inserting a conversion", err)
	}
	if err := s.couponUses.Put(ctx, counts, taken); err != nil {
		return stored, false, err
	}
	if taken > 0 {
		if err := s.TakeReservations(ctx, fresh.Use, counts); err != nil {
			return stored, false, err
		}
	}
	if entry := entryOf(fresh.Postback, stored); entry != nil {
		_, err := s.db.Collection(postbacks).InsertOne(ctx, entry)
		if err := entryFailure(entry, mongodoc.Failure("journaling a sale", err)); err != nil {
			return stored, false, err
		}
	}
	return stored, true, nil
}

func (s *Store) Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error) {
	return mongodoc.All(ctx, s.db, conversions, unplanned(), options.Find().SetLimit(int64(limit)), (*conversionDocument).decode)
}
