package mongodoc

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
)

// Moved returns a collection as it is moved, in the order of its ids.
func Moved[D, T any](
	db *mongodb.DB, name string, decode func(*D) T, id func(T) string, encode func(context.Context, []T) ([]any, error),
) move.Table {
	return move.TableOf(name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		records, err := All(ctx, db, name, After(after), InOrder(limit), decode)
		if len(records) > 0 {
			after = id(records[len(records)-1])
		}
		return records, after, err
	}, func(ctx context.Context, records []T) error {
		documents, err := encode(ctx, records)
		if err != nil {
			return err
		}
		keyed := make([]mongodb.Keyed, len(records))
		for i, record := range records {
			keyed[i] = mongodb.Keyed{ID: id(record), Document: documents[i]}
		}
		return db.ReplaceAll(ctx, name, keyed)
	})
}

// EachAlone encodes records one by one.
func EachAlone[D, T any](encode func(T) D) func(context.Context, []T) ([]any, error) {
	return func(_ context.Context, records []T) ([]any, error) {
		documents := make([]any, len(records))
		for i, record := range records {
			documents[i] = encode(record)
		}
		return documents, nil
	}
}

// After selects the documents whose ids come after one.
func After(id string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: id}}}}
}

// InOrder returns the options for documents in the order of their ids.
func InOrder(limit int) *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
}
