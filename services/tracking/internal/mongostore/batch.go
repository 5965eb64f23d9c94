package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// The feed and the figures go by batch numbers, not by clocks. A write marks what it stores as waiting. A reader
// that wants to know what is new puts everything waiting into a batch, in one insert under the next number. The
// database refuses a second batch with that number, so the content of a batch never changes, and numbers follow the
// order of commits. Then the marks are removed, always before the next batch is made, so nothing gets into two
// batches, even if a process dies or stalls anywhere in between. What is stored a day late gets into a batch then.

const (
	// batchEvents and batchClicks bound the conversions, or clicks, in a batch.
	batchEvents, batchClicks = 500, 5000
	// unmarkedAtOnce is how many clicks lose their marks in one call.
	unmarkedAtOnce = 1000
)

// batch is a group of writes under one number. It never changes.
type batch struct {
	// ID counts from 1.
	ID int64 `bson:"_id"`
	// Told says that the batch is of events, which the feed tells of, and not of clicks.
	Told   bool            `bson:"told"`
	Events []eventDocument `bson:"events,omitempty"`
	Clicks []string        `bson:"clicks,omitempty"`
	// Size is how many events or clicks it has.
	Size int `bson:"size"`
	// Time is when it was made, for people to read.
	Time time.Time `bson:"time"`
}

// eventDocument is what happened to one conversion: see domain.Event.
type eventDocument struct {
	Conversion string `bson:"conversion"`
	First      int    `bson:"first"`
	Last       int    `bson:"last"`
	Revision   int64  `bson:"revision"`
}

// numbering is what a conversion says about the numbers of its events.
type numbering struct {
	ID       string `bson:"_id"`
	Revision int64  `bson:"revision"`
	// FeedFrom and Batches are as in conversionDocument.
	FeedFrom *int            `bson:"feed_from,omitempty"`
	Batches  []int64         `bson:"batches,omitempty"`
	Changes  []record.Change `bson:"changes,omitempty"`
}

// waits selects the conversions with events that are in no batch.
func waits() bson.D { return bson.D{{Key: "feed_from", Value: bson.D{{Key: "$gte", Value: 0}}}} }

// clickWaits selects the clicks that are in no batch.
func clickWaits() bson.D { return bson.D{{Key: "batch", Value: int64(inNoBatch)}} }

// number puts what gather finds, if anything, into a batch. It returns the number of the last batch, whose marks are
// removed, or 0 before the first batch. more says that more may be waiting. Calls in one process take turns; if
// another process is faster, its batch is the last.
func (s *Store) number(ctx context.Context, gather func(context.Context) (batch, error)) (last int64, more bool, err error) {
	select {
	case s.numbering <- struct{}{}:
		defer func() { <-s.numbering }()
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
	err = s.db.InOrder(ctx, func(ctx context.Context) error {
		if last, err = s.settled(ctx); err != nil {
			return err
		}
		next, err := gather(ctx)
		next.Size = len(next.Events) + len(next.Clicks)
		if err != nil || next.Size == 0 {
			return err
		}
		next.ID, next.Told = last+1, len(next.Events) > 0
		_, err = s.db.Collection(feed).InsertOne(ctx, next)
		if mongodb.IsUnique(err) {
			more = true
			return nil
		}
		if err != nil {
			return mongodoc.Failure("inserting a batch of the feed", err)
		}
		last, more = next.ID, len(next.Events) == batchEvents || len(next.Clicks) == batchClicks
		return s.unmark(ctx, next)
	})
	return last, more, err
}

// settled removes the marks of the last batch and returns its number, or 0 before the first batch.
func (s *Store) settled(ctx context.Context) (int64, error) {
	var last batch
	opts := options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}}).SetProjection(bson.D{{Key: "_id", Value: 1}})
	err := s.db.Collection(feed).FindOne(ctx, bson.D{}, opts).Decode(&last)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	if err == nil && last.ID > s.unmarked.Load() {
		err = s.db.Collection(feed).FindOne(ctx, bson.D{{Key: "_id", Value: last.ID}}).Decode(&last)
	}
	if err != nil {
		return 0, mongodoc.Failure("reading the last batch of the feed", err)
	}
	return last.ID, s.unmark(ctx, last)
}

// waitingEvents returns a batch, without a number, of conversions that wait.
func (s *Store) waitingEvents(ctx context.Context) (batch, error) {
	next := batch{Time: s.now()}
	found, err := s.numberings(ctx, waits())
	for _, d := range found {
		next.Events = append(next.Events, eventDocument{Conversion: d.ID, First: *d.FeedFrom, Last: len(d.Changes), Revision: d.Revision})
	}
	return next, err
}

// waitingClicks returns a batch, without a number, of clicks that wait.
func (s *Store) waitingClicks(ctx context.Context) (batch, error) {
	next := batch{Time: s.now()}
	opts := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetLimit(batchClicks)
	found, err := mongodoc.Find[clickDocument](ctx, s.db, clicks, "looking for clicks to count", clickWaits(), opts)
	for i := range found {
		next.Clicks = append(next.Clicks, found[i].ID)
	}
	return next, err
}

// numberings returns the numberings of the conversions that a filter selects, at most a batch of them.
func (s *Store) numberings(ctx context.Context, filter bson.D) ([]numbering, error) {
	projection := append(mongodoc.Only("revision", "feed_from", "batches", "changes")[1:], bson.E{Key: "_id", Value: 1})
	opts := options.Find().SetProjection(projection).SetLimit(batchEvents)
	return mongodoc.Find[numbering](ctx, s.db, conversions, "looking for what the feed has to tell", filter, opts)
}

// unmark takes away the marks of what is in a batch, which several may do at a time, also long after the
// next batch was made.
func (s *Store) unmark(ctx context.Context, b batch) error {
	if b.ID <= s.unmarked.Load() {
		return nil
	}
	for some := range slices.Chunk(b.Clicks, unmarkedAtOnce) {
		if err := s.db.SetAll(ctx, clicks, some, clickWaits(), bson.D{{Key: "batch", Value: b.ID}}); err != nil {
			return err
		}
	}
	if err := s.unmarkEvents(ctx, b); err != nil {
		return err
	}
	s.unmarked.Store(b.ID)
	return nil
}

func (s *Store) unmarkEvents(ctx context.Context, b batch) error {
	byConversion := make(map[string]*eventDocument, len(b.Events))
	ids := make([]string, len(b.Events))
	for i := range b.Events {
		ids[i] = b.Events[i].Conversion
		byConversion[ids[i]] = &b.Events[i]
	}
	for len(ids) > 0 {
		found, err := s.numberings(ctx, mongodoc.Among("_id", ids))
		if err != nil {
			return err
		}
		var updates []mongo.WriteModel
		for i := range found {
			if update := found[i].numbered(byConversion[found[i].ID], b.ID); update != nil {
				updates = append(updates, update)
			}
		}
		if len(updates) == 0 {
			return nil
		}
		// One that was changed meanwhile is not updated, and found again.
		if err := s.db.UpdateAll(ctx, conversions, updates); err != nil {
			return fmt.Errorf("numbering conversions: %w", err)
		}
	}
	return nil
}

// numbered returns the update that gives an event its number; nil: it has it. What came after the event goes on
// waiting. As long as FeedFrom is the event's First nobody has numbered it, since it only ever grows.
func (d *numbering) numbered(e *eventDocument, number int64) mongo.WriteModel {
	if d.FeedFrom == nil || *d.FeedFrom != e.First || d.Revision > e.Revision && e.Last < e.First {
		return nil
	}
	batches := d.Batches
	for range e.Last - e.First + 1 {
		batches = append(batches, number)
	}
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "batches", Value: batches}}}}
	if d.Revision > e.Revision {
		update[0].Value = bson.D{{Key: "batches", Value: batches}, {Key: "feed_from", Value: e.Last + 1}}
	} else {
		update = append(update, bson.E{Key: "$unset", Value: bson.D{{Key: "feed_from", Value: ""}}})
	}
	filter := append(mongodoc.ByID(d.ID), bson.E{Key: "revision", Value: d.Revision}, bson.E{Key: "feed_from", Value: e.First})
	return mongo.NewUpdateOneModel().SetFilter(filter).SetUpdate(update)
}
