package mongodb

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// InsertAll inserts documents in one call. Each succeeds or fails alone: errs is nil if all are stored, and otherwise
// has an error or nil for each. IsUnique identifies documents that were refused because their `_id` or a unique value
// is taken, also by an earlier one in documents. Documents with any other error, mapped by Failure, may be stored or
// not.
func (db *DB) InsertAll(ctx context.Context, collection string, documents []any) (errs []error) {
	if db.plain {
		return db.insertOneByOne(ctx, collection, documents)
	}
	_, err := db.Collection(collection).InsertMany(ctx, documents, options.InsertMany().SetOrdered(false))
	if err == nil {
		return nil
	}
	errs = make([]error, len(documents))
	var refused mongo.BulkWriteException
	if errors.As(err, &refused) {
		if refused.WriteConcernError == nil {
			for _, e := range refused.WriteErrors {
				errs[e.Index] = insertFailure(collection, e)
			}
			return errs
		}
		// No majority has confirmed any document. This error is about all of them, so it leaves out the refusals.
		err = mongo.WriteException{WriteConcernError: refused.WriteConcernError, Labels: refused.Labels}
	}
	for i := range errs {
		errs[i] = insertFailure(collection, err)
	}
	return errs
}

// insertOneByOne is InsertAll for the tests' engine, which undoes a whole unordered insert when one of
// its documents is refused.
func (db *DB) insertOneByOne(ctx context.Context, collection string, documents []any) (errs []error) {
	errs = make([]error, len(documents))
	for i, document := range documents {
		if _, err := db.Collection(collection).InsertOne(ctx, document); err != nil {
			errs[i] = insertFailure(collection, err)
		}
	}
	return errs
}

func insertFailure(collection string, err error) error {
	return Failure(fmt.Errorf("inserting into %s: %w", collection, err))
}
