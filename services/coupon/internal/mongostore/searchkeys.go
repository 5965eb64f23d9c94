package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

const (
	// searchSuffix is appended to a text's key to get the key of its search key.
	searchSuffix = "_search"
	// foldedAtOnce bounds the documents that one call gives search keys.
	foldedAtOnce = 500
)

// addSearchKeys adds search keys for names and notes to existing documents.
func addSearchKeys(ctx context.Context, db *mongodb.DB) error {
	for _, title := range []struct{ collection, key string }{
		{"offers", "display_name"}, {"publishers", "display_name"}, {"coupons", "internal_note"},
	} {
		collection := db.Collection(title.collection)
		for {
			folded, err := foldSome(ctx, collection, title.key)
			if err != nil {
				return mongodb.Failure(fmt.Errorf("giving search keys to %s: %w", title.collection, err))
			}
			if folded == 0 {
				break
			}
		}
	}
	return nil
}

// foldSome adds the search key to some documents without one, and returns how many it found.
func foldSome(ctx context.Context, collection *mongodb.Collection, key string) (int, error) {
	lacking := options.Find().SetProjection(bson.D{{Key: key, Value: 1}}).SetLimit(foldedAtOnce)
	cursor, err := collection.Find(ctx, without(key+searchSuffix), lacking)
	if err != nil {
		return 0, err
	}
	var found []bson.M
	if err := cursor.All(ctx, &found); err != nil || len(found) == 0 {
		return 0, err
	}
	updates := make([]mongo.WriteModel, len(found))
	for i, document := range found {
		title, _ := document[key].(string)
		// A document that another process changed meanwhile is found again, unless it now has its key.
		as := bson.D{{Key: "_id", Value: document["_id"]}, {Key: key, Value: document[key]}}
		updates[i] = mongo.NewUpdateOneModel().SetFilter(as).SetUpdate(set(key+searchSuffix, listing.SearchKey(title)))
	}
	return len(found), collection.Write(ctx, updates)
}
