package mongodb

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// plainUpdates is how many updates one call to the tests' engine may have: it hangs on a hundred.
const plainUpdates = 20

// UpdateAll runs updates of a collection's documents in one call, in no order. Where it returns an
// error, as Failure maps it, some of them may have been done and others not.
func (db *DB) UpdateAll(ctx context.Context, collection string, updates []mongo.WriteModel) error {
	if len(updates) == 0 {
		return nil
	}
	atOnce := len(updates)
	if db.plain {
		atOnce = plainUpdates
	}
	for some := range slices.Chunk(updates, atOnce) {
		if _, err := db.Collection(collection).BulkWrite(ctx, some, options.BulkWrite().SetOrdered(false)); err != nil {
			return Failure(fmt.Errorf("updating %s: %w", collection, err))
		}
	}
	return nil
}
