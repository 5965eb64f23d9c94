package mongostore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// eventsAtOnce is how many clicks or conversions are read in one call.
const eventsAtOnce = 1000

// events are what is to be counted, with the numbers of the batches that it is in.
type events struct {
	// batches is how many batches it is of, without what waits.
	batches int64
	// clicks has the clicks' numbers by their ids, conversions the events of conversions by theirs, which have no
	// number if they wait.
	clicks      map[string]int64
	conversions map[string][]numbered
}

// numbered is an event with its number.
type numbered struct {
	eventDocument
	number int64
}

func newEvents() *events {
	return &events{clicks: map[string]int64{}, conversions: map[string][]numbered{}}
}

func (e *events) size() int { return len(e.clicks) + len(e.conversions) }

// gather adds the batches of a span.
func (s *Store) gather(ctx context.Context, w span, to *events) error {
	return each(ctx, s, feed, w.of("_id"), bson.D{}, func(b *batch) {
		to.batches++
		for _, id := range b.Clicks {
			to.clicks[id] = b.ID
		}
		for _, e := range b.Events {
			to.conversions[e.Conversion] = append(to.conversions[e.Conversion], numbered{e, b.ID})
		}
	})
}

// gatherWaiting adds what waits, which is more than tailEvents if that waits.
func (s *Store) gatherWaiting(ctx context.Context, to *events) error {
	opts := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(s.tailEvents) + 1)
	for collection, filter := range map[string]bson.D{clicks: clickWaits(), conversions: waits()} {
		ids, err := mongodoc.All(ctx, s.db, collection, filter, opts, func(d *clickDocument) string { return d.ID })
		if err != nil {
			return err
		}
		for _, id := range ids {
			if collection == clicks {
				to.clicks[id] = inNoBatch
			} else {
				to.conversions[id] = nil
			}
		}
	}
	return nil
}

// tallyEvents adds to tallies what is counted of events from their numbers on, up to a number, exclusive.
func (s *Store) tallyEvents(ctx context.Context, e *events, to int64, tallies map[int64]*rollup.Sums) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(e.clicks)), eventsAtOnce) {
		err := s.eachClick(ctx, mongodoc.Among("_id", some), func(d *clickDocument) {
			click, number := d.decode(), e.clicks[d.ID]
			for since, tally := range tallies {
				if since <= number && number < to {
					tally.AddClick(&click)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(e.conversions)), eventsAtOnce) {
		err := s.eachConversion(ctx, mongodoc.Among("_id", some), func(h *history) {
			h.take(e.conversions[h.conversion.ID])
			for since, tally := range tallies {
				span{since, to}.tally(h, tally)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// take notes numbers that the conversion itself does not say yet.
func (h *history) take(events []numbered) {
	for _, e := range events {
		for i := e.First; i <= e.Last && i < len(h.numbers); i++ {
			h.numbers[i] = e.number
		}
	}
}

// eachClick calls do with the clicks that a filter selects, with what figures are made of.
func (s *Store) eachClick(ctx context.Context, filter bson.D, do func(*clickDocument)) error {
	fields := bson.D{}
	for _, field := range []string{"offer", "publisher", "publisher_unknown", "coupon", "coupon_code", "crawler", "time", "batch"} {
		fields = append(fields, bson.E{Key: field, Value: 1})
	}
	return each(ctx, s, clicks, filter, fields, do)
}

// eachConversion calls do with the conversions that a filter selects, with what figures are made of.
func (s *Store) eachConversion(ctx context.Context, filter bson.D, do func(*history)) error {
	fields := bson.D{}
	for _, field := range []string{
		"offer", "publisher", "coupon", "coupon_code", "code_unknown", "click", "status", "method", "amount", "refunded_amount", "payout", "revenue",
		"discount", "conversion_time", "changes", "feed_from", "batches",
	} {
		fields = append(fields, bson.E{Key: field, Value: 1})
	}
	return each(ctx, s, conversions, filter, fields, func(d *conversionDocument) {
		do(&history{conversion: d.decode(), numbers: d.numbers()})
	})
}

// each calls do with the documents that a filter selects, one by one.
func each[D any](ctx context.Context, s *Store, collection string, filter, projection bson.D, do func(*D)) error {
	doing := "reading " + collection + " to count them"
	cursor, err := s.db.Collection(collection).Find(ctx, filter, options.Find().SetProjection(projection))
	if err != nil {
		return mongodoc.Failure(doing, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // It ends by itself at last.
	for cursor.Next(ctx) {
		var found D
		if err := cursor.Decode(&found); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		do(&found)
	}
	return mongodoc.Failure(doing, cursor.Err())
}

// withinPeriod selects the documents that have a time field in a period, from inclusive to exclusive.
func withinPeriod(field string, from, to time.Time) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: from}, {Key: "$lt", Value: to}}}}
}
