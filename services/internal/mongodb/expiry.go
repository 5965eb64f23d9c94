package mongodb

import (
	"context"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// EnsureExpiry has the server delete a collection's documents some time after a time field of theirs;
// those without the field stay. Where another time was said at an earlier start, or none, the new one
// takes its place. The tests' engine, which has no such thing, keeps all.
func (db *DB) EnsureExpiry(ctx context.Context, collection, field string, after time.Duration) error {
	index := Index(field)
	if db.plain {
		return db.EnsureIndexes(ctx, collection, index)
	}
	seconds := int32(min(after.Seconds(), math.MaxInt32))
	existing, err := db.Collection(collection).Indexes().ListSpecifications(ctx)
	if err != nil {
		return Failure(fmt.Errorf("listing the indexes of %s: %w", collection, err))
	}
	name := indexName(index)
	for _, e := range existing {
		switch {
		case e.Name != name:
		case e.ExpireAfterSeconds != nil && *e.ExpireAfterSeconds == seconds:
			return nil
		default:
			return db.changeExpiry(ctx, collection, name, seconds)
		}
	}
	index.Options = options.Index().SetExpireAfterSeconds(seconds)
	return db.EnsureIndexes(ctx, collection, index)
}

// changeExpiry changes an index in place: to drop it and make it anew would take long where much is
// stored.
func (db *DB) changeExpiry(ctx context.Context, collection, index string, seconds int32) error {
	command := bson.D{
		{Key: "collMod", Value: collection},
		{Key: "index", Value: bson.D{{Key: "name", Value: index}, {Key: "expireAfterSeconds", Value: seconds}}},
	}
	if err := db.database.RunCommand(ctx, command).Err(); err != nil {
		return Failure(fmt.Errorf("changing the expiry of %s: %w", collection, err))
	}
	return nil
}
