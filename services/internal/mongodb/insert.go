package mongodb

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// InsertAll inserts documents in one call. Each succeeds or fails alone: errs is nil if all are stored, and otherwise
// has an error or nil for each. IsUnique identifies documents that were refused because their `_id` or a unique value
// is taken, also by an earlier one in documents. Documents with any other error, mapped by Failure, may be stored or
// not.
func (db *DB) InsertAll(ctx context.Context, collection string, documents []any) (errs []error) {
	err := db.Collection(collection).insert(ctx, documents)
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

func insertFailure(collection string, err error) error {
	return Failure(fmt.Errorf("inserting into %s: %w", collection, err))
}
