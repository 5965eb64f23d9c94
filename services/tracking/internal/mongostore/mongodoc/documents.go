// Package mongodoc reads and writes documents of the tracking service's MongoDB database: lists, filters, updates, and
// errors as the use cases know them.
//
// Only the MongoDB store and its parts import it.
package mongodoc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// WriteTimeout bounds one batch, update or transaction, at the server too, so that one that hangs does not hold up all
	// that wait behind it.
	WriteTimeout = 10 * time.Second
	// UpdateAttempts bounds how often Repeated runs a write, because another process changed the document since it was
	// read, or a counter since it was counted.
	UpdateAttempts = 10
	// updatePause is how much longer than the last time is waited before the next attempt: what another process has written
	// can be read only when a majority has it.
	updatePause = 10 * time.Millisecond
)

// ErrChanged makes an attempt start over.
var ErrChanged = errors.New("what was read has changed since")

// Within runs a write in bounded time. When our time runs out, and not the caller's, the error is
// Unavailable.
func Within(ctx context.Context, write func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, WriteTimeout)
	defer cancel()
	err := write(bounded)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && apperr.As(err) == nil {
		return Unavailable("the storage took too long; try again later").Because(err)
	}
	return err
}

// Unavailable returns the error for a storage that cannot be used now.
func Unavailable(message string) *apperr.Error {
	return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "%s", message)
}

// One returns what is stored in a collection under an id, or domain.ErrNotFound.
func One[D, T any](ctx context.Context, db *mongodb.DB, collection, id string, decode func(*D) T) (T, error) {
	var found D
	err := db.Collection(collection).FindOne(ctx, ByID(id)).Decode(&found)
	return decode(&found), ReadFailure("reading one of the "+collection, err)
}

// List returns what a query selects of a collection, without some fields.
func List[D, T any](
	ctx context.Context, db *mongodb.DB, collection string, q listing.Query, decode func(*D) T, without ...string,
) ([]T, error) {
	filter, order := bsonquery.Build(q)
	opts := options.Find().SetSort(order).SetLimit(int64(q.Limit))
	if len(without) > 0 {
		opts.SetProjection(Without(without...))
	}
	return All(ctx, db, collection, filter, opts, decode)
}

// Without is the projection on all fields but some.
func Without(fields ...string) bson.D {
	projection := bson.D{}
	for _, field := range fields {
		projection = append(projection, bson.E{Key: field, Value: 0})
	}
	return projection
}

// All returns what a filter selects of a collection.
func All[D, T any](
	ctx context.Context, db *mongodb.DB, collection string, filter bson.D, opts *options.FindOptionsBuilder, decode func(*D) T,
) ([]T, error) {
	documents, err := Find[D](ctx, db, collection, "listing "+collection, filter, opts)
	if err != nil {
		return nil, err
	}
	found := make([]T, len(documents))
	for i := range documents {
		found[i] = decode(&documents[i])
	}
	return found, nil
}

// Find returns the documents that a filter selects of a collection. doing is what an error says that it failed at.
func Find[D any](
	ctx context.Context, db *mongodb.DB, collection, doing string, filter bson.D, opts *options.FindOptionsBuilder,
) (found []D, err error) {
	cursor, err := db.Collection(collection).Find(ctx, filter, opts)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, Failure(doing, err)
	}
	return found, nil
}

// ReadFailure is the error of a read, nil included, as app knows it.
func ReadFailure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return domain.ErrNotFound
	default:
		return Failure(doing, err)
	}
}

// Failure is an error of a database call.
func Failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	return mongodb.Failure(fmt.Errorf("%s: %w", doing, err))
}

// Repeated runs a write again while it returns ErrChanged. A part of a transaction sees the same as before if it runs
// again, so it runs once, and the transaction starts over.
func Repeated(ctx context.Context, write func() error) error {
	if mongodb.IsInTransaction(ctx) {
		return write()
	}
	for attempt := range UpdateAttempts {
		if err := write(); !errors.Is(err, ErrChanged) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt) * updatePause):
		}
	}
	return Unavailable("too many change the same at once; try again")
}

// ByID selects the document with an id.
func ByID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// Among selects the documents that have one of some values in a field.
func Among(field string, values []string) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$in", Value: values}}}}
}

// Set is the update that sets fields.
func Set(fields bson.D) bson.D { return bson.D{{Key: "$set", Value: fields}} }

// Unset is the update that removes fields.
func Unset(fields ...string) bson.D {
	gone := bson.D{}
	for _, field := range fields {
		gone = append(gone, bson.E{Key: field, Value: ""})
	}
	return bson.D{{Key: "$unset", Value: gone}}
}

// Only is the projection on some fields.
func Only(fields ...string) bson.D {
	projection := bson.D{{Key: "_id", Value: 0}}
	for _, field := range fields {
		projection = append(projection, bson.E{Key: field, Value: 1})
	}
	return projection
}
