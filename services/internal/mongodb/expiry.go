package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// EnsureExpiry has the server delete a collection's documents some time after a time field of theirs.
// The tests' engine, which has no such thing, keeps them.
func (db *DB) EnsureExpiry(ctx context.Context, collection, field string, after time.Duration) error {
	index := Index(field)
	if !db.plain {
		index.Options = options.Index().SetExpireAfterSeconds(int32(after.Seconds()))
	}
	return db.EnsureIndexes(ctx, collection, index)
}
