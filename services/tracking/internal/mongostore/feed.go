package mongostore

import (
	"context"
	"crypto/rand"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// batchesAtOnce is how many batches are read at once.
const batchesAtOnce = 20

// feedID is the _id of the document with the feed's name.
const feedID = "feed"

func (s *Store) FeedID() string { return s.feedID }

// nameFeed gives the feed a name, unless it has one, and returns it.
func (s *Store) nameFeed(ctx context.Context) (string, error) {
	var named struct {
		Name string `bson:"name"`
	}
	_, err := s.db.Collection(counting).InsertOne(ctx, bson.D{{Key: "_id", Value: feedID}, {Key: "name", Value: rand.Text()}})
	if err == nil || mongodb.IsUnique(err) {
		err = s.db.Collection(counting).FindOne(ctx, mongodoc.ByID(feedID)).Decode(&named)
	}
	return named.Name, mongodoc.Failure("naming the feed", err)
}

// Events implements conversions.Store. A position is a batch's number and a place in it, from 1.
func (s *Store) Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error) {
	events, err := s.told(ctx, after, limit)
	if err != nil || len(events) > 0 {
		return events, err
	}
	if _, _, err := s.number(ctx, s.waitingEvents); err != nil {
		return nil, err
	}
	return s.told(ctx, after, limit)
}

// LastPosition implements conversions.Store. What waits is put into batches first.
func (s *Store) LastPosition(ctx context.Context) (domain.Position, error) {
	for {
		last, more, err := s.number(ctx, s.waitingEvents)
		if err != nil || last == 0 {
			return domain.Position{}, err
		}
		if !more {
			return domain.Position{Major: last, Minor: batchEvents}, nil
		}
	}
}

// told returns the first events after a position that are in batches.
func (s *Store) told(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error) {
	filter := bson.D{{Key: "told", Value: true}, {Key: "_id", Value: bson.D{{Key: "$gte", Value: after.Major}}}}
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(batchesAtOnce)
	batches, err := s.batches(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var events []domain.Event
	for _, b := range batches {
		for i, d := range b.Events {
			at := domain.Position{Major: b.ID, Minor: int64(i) + 1}
			if at.Compare(after) > 0 && len(events) < limit {
				e := domain.Event{Position: at, First: d.First, Last: d.Last, Revision: d.Revision}
				e.Conversion.ID = d.Conversion
				events = append(events, e)
			}
		}
	}
	return events, s.fill(ctx, events)
}

// fill reads the conversions of events.
func (s *Store) fill(ctx context.Context, events []domain.Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].Conversion.ID
	}
	found, err := mongodoc.All(ctx, s.db, conversions, mongodoc.Among("_id", ids), options.Find().SetProjection(mongodoc.Without("decision", "plan_from")), (*conversionDocument).decode)
	if err != nil {
		return err
	}
	byConversion := make(map[string]domain.Conversion, len(found))
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
