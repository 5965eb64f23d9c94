package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// InsertPostback stores an entry that came with no new conversion.
func (s *Store) InsertPostback(ctx context.Context, postback domain.Postback) error {
	entry := record.EncodePostback(postback)
	return entryFailure(entry, s.postbacks.Write(ctx, entry))
}

// entryFailure is the error of the storing of an entry, nil included. It never looks like the refusal
// of a conversion whose id is taken.
func entryFailure(entry *record.Postback, err error) error {
	if mongodb.IsUnique(err) {
		return fmt.Errorf("postback %s exists already", entry.ID)
	}
	return err
}

// SetReplay stores the result of a postback's last replay.
func (s *Store) SetReplay(ctx context.Context, id string, replay domain.Replay) error {
	result, err := s.db.Collection(postbacks).UpdateOne(ctx, mongodoc.ByID(id), mongodoc.Set(bson.D{{Key: "replay", Value: record.EncodeReplay(&replay)}}))
	if err != nil {
		return mongodoc.Failure("noting a replay", err)
	}
	if result.MatchedCount == 0 {
		return domain.ErrNotFound
	}
	return nil
}

// Postback returns an entry by its id, or domain.ErrNotFound.
func (s *Store) Postback(ctx context.Context, id string) (domain.Postback, error) {
	return mongodoc.One(ctx, s.db, postbacks, id, (*record.Postback).Decode)
}

// Postbacks returns the entries that a query selects.
func (s *Store) Postbacks(ctx context.Context, q listing.Query) ([]domain.Postback, error) {
	return mongodoc.List(ctx, s.db, postbacks, q, (*record.Postback).Decode)
}
