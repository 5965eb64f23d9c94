// Package clickage sets, on MongoDB, how long clicks are kept, and knows since when all of them are.
//
// Only the MongoDB store imports it.
package clickage

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

const (
	clicks    = "clicks"
	timeField = "time"
	// noteID is the _id of the document that says since when clicks are kept, in the collection counting.
	noteID   = "clicks"
	counting = "counting"
	// slack is how far the clocks of the database's servers may be ahead of ours.
	slack = time.Hour
)

// note is the time since which all clicks are kept, as far as earlier expiries go. It only grows, so that no click counts
// as zero that was deleted while clicks were kept for a shorter time than now.
type note struct {
	Since time.Time `bson:"since"`
}

// Prepare makes clicks expire after a time, unless they are kept for longer at present: then shorter is true, and Shorten
// is to be called once they are counted.
func Prepare(ctx context.Context, db *mongodb.DB, after time.Duration, now time.Time) (shorter bool, err error) {
	present, found, err := db.Expiry(ctx, clicks, timeField)
	if err != nil {
		return false, err
	}
	if !found {
		return false, db.EnsureExpiry(ctx, clicks, timeField, after)
	}
	if err := Write(ctx, db, now.Add(slack-present)); err != nil || present > after {
		return err == nil, err
	}
	return false, db.EnsureExpiry(ctx, clicks, timeField, after)
}

// Shorten makes clicks expire after a time that may be shorter than at present.
func Shorten(ctx context.Context, db *mongodb.DB, after time.Duration) error {
	return db.EnsureExpiry(ctx, clicks, timeField, after)
}

// Since returns the time since which all clicks are kept. If the server does not expire clicks, after says how old they may
// get.
func Since(ctx context.Context, db *mongodb.DB, after time.Duration, now time.Time) (time.Time, error) {
	noted, err := Read(ctx, db)
	if err != nil {
		return noted, err
	}
	present, found, err := db.Expiry(ctx, clicks, timeField)
	if err != nil {
		return noted, err
	}
	if !found {
		present = after
	}
	if since := now.Add(slack - present); since.After(noted) {
		return since, nil
	}
	return noted, nil
}

// Read returns the time that is noted; 1970 if none is.
func Read(ctx context.Context, db *mongodb.DB) (time.Time, error) {
	var noted note
	err := db.Collection(counting).FindOne(ctx, mongodoc.ByID(noteID)).Decode(&noted)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return time.UnixMilli(0), nil
	}
	return noted.Since, mongodoc.Failure("reading since when clicks are kept", err)
}

// Write notes a time, unless a later one is noted.
func Write(ctx context.Context, db *mongodb.DB, since time.Time) error {
	later := bson.D{{Key: "$max", Value: bson.D{{Key: "since", Value: since}}}}
	_, err := db.Collection(counting).UpdateOne(ctx, mongodoc.ByID(noteID), later, options.UpdateOne().SetUpsert(true))
	return mongodoc.Failure("noting since when clicks are kept", err)
}
