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
	db *mongodb.DB, collection string, decode func(*D) T, id func(T) string, encode func(context.Context, []T) ([]any, error),
) move.Table {
	return mongodb.Moved(db, collection, func(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]T, error) {
		return All(ctx, db, collection, filter, opts, decode)
	}, id, encode)
}
