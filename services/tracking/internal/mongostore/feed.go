package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// batchesAtOnce is how many batches are read at once.
const batchesAtOnce = 20

// Events implements flow.FeedStore. A position is a batch's number and a place in it, from 1.
func (s *Store) Events(ctx context.Context, after flow.Position, limit int) ([]flow.Event, error) {
	events, err := s.told(ctx, after, limit)
	if err != nil || len(events) > 0 {
		return events, err
	}
	if _, _, err := s.number(ctx); err != nil {
		return nil, err
	}
	return s.told(ctx, after, limit)
}

// LastPosition implements flow.FeedStore. What waits is put into batches first.
func (s *Store) LastPosition(ctx context.Context) (flow.Position, error) {
	for {
		last, more, err := s.number(ctx)
		if err != nil || !more {
			return flow.Position{Major: last.ID, Minor: int64(len(last.Events))}, err
		}
	}
}

// told returns the first events after a position that are in batches.
func (s *Store) told(ctx context.Context, after flow.Position, limit int) ([]flow.Event, error) {
	filter := bson.D{{Key: "told", Value: true}, {Key: "_id", Value: bson.D{{Key: "$gte", Value: after.Major}}}}
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(batchesAtOnce)
	cursor, err := s.db.Collection(feed).Find(ctx, filter, opts)
	if err != nil {
		return nil, failure("reading the feed", err)
	}
	var batches []batch
	if err := cursor.All(ctx, &batches); err != nil {
		return nil, failure("reading the feed", err)
	}
	var events []flow.Event
	for _, b := range batches {
		for i, d := range b.Events {
			at := flow.Position{Major: b.ID, Minor: int64(i) + 1}
			if at.Compare(after) > 0 && len(events) < limit {
				e := flow.Event{Position: at, First: d.First, Last: d.Last, Revision: d.Revision}
				e.Conversion.ID = d.Conversion
				events = append(events, e)
			}
		}
	}
	return events, s.fill(ctx, events)
}

// fill reads the conversions of events.
func (s *Store) fill(ctx context.Context, events []flow.Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].Conversion.ID
	}
	found, err := all(ctx, s.db, conversions, among("_id", ids), options.Find().SetProjection(leftOut("decision", "plan_from")), (*conversionDocument).decode)
	if err != nil {
		return err
	}
	byConversion := make(map[string]rules.Conversion, len(found))
	for _, c := range found {
		byConversion[c.ID] = c
	}
	for i, id := range ids {
		c, ok := byConversion[id]
		if !ok {
			return fmt.Errorf("the feed tells of conversion %s, which is not stored", id)
		}
		events[i].Conversion = c
	}
	return nil
}
