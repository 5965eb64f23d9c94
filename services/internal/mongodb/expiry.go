package mongodb

import (
	"context"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Expiry returns after how long the server deletes a collection's documents, counted from the time in field; false if it
// does not.
func (db *DB) Expiry(ctx context.Context, collection, field string) (time.Duration, bool, error) {
	existing, err := db.indexes(ctx, collection)
	if err != nil {
		return 0, false, err
	}
	for _, e := range existing {
		if sameKeys(e.Key, bson.D{{Key: field, Value: 1}}) && len(e.Partial) == 0 && e.Expiry != nil {
			return time.Duration(*e.Expiry) * time.Second, true, nil
		}
	}
	return 0, false, nil
}

// EnsureExpiry makes the server delete a collection's documents after the given duration, counted from the time in
// field. Documents without the field stay. If the field has an index already, that index gets the new duration.
func (db *DB) EnsureExpiry(ctx context.Context, collection, field string, after time.Duration) error {
	model := Index(field)
	seconds := int32(min(after.Seconds(), math.MaxInt32))
	existing, err := db.indexes(ctx, collection)
	if err != nil {
		return err
	}
	for _, e := range existing {
		switch {
		case !sameKeys(e.Key, bson.D{{Key: field, Value: 1}}) || len(e.Partial) > 0:
		case e.Expiry != nil && *e.Expiry == seconds:
			return nil
		default:
			return db.changeExpiry(ctx, collection, e.Name, seconds)
		}
	}
	model.Options = options.Index().SetExpireAfterSeconds(seconds)
	return db.EnsureIndexes(ctx, collection, model)
}

// changeExpiry changes an index in place: dropping it and building it again takes long if much is stored.
func (db *DB) changeExpiry(ctx context.Context, collection, index string, seconds int32) error {
	command := bson.D{
		{Key: "collMod", Value: collection},
		{Key: "index", Value: bson.D{{Key: "name", Value: index}, {Key: "expireAfterSeconds", Value: seconds}}},
	}
	if err := db.run(ctx, db.database, command).Err(); err != nil {
		return Failure(fmt.Errorf("changing the expiry of %s: %w", collection, err))
	}
	return nil
}
