package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
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

// SetAll sets fields of the documents with the given `_id`s that also match where. If it returns an error, mapped by
// Failure, some documents may have changed.
func (db *DB) SetAll(ctx context.Context, collection string, ids []string, where, fields bson.D) error {
	update := bson.D{{Key: "$set", Value: fields}}
	if db.plain { // the tests' engine looks through all documents for each of several
		updates := make([]mongo.WriteModel, len(ids))
		for i, id := range ids {
			updates[i] = mongo.NewUpdateOneModel().SetFilter(append(bson.D{{Key: "_id", Value: id}}, where...)).SetUpdate(update)
		}
		return db.UpdateAll(ctx, collection, updates)
	}
	filter := append(bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, where...)
	if _, err := db.Collection(collection).UpdateMany(ctx, filter, update); err != nil {
		return Failure(fmt.Errorf("updating %s: %w", collection, err))
	}
	return nil
}

// Upsert updates the document with an `_id`, or inserts it.
type Upsert struct {
	ID string
	// Below is a field and a value, a time.Time or an int64. An existing document is updated only if its field is less.
	Below  bson.E
	Update bson.D
}

// UpsertAll runs upserts in one call, in the order of their ids: two callers that write the same documents in different
// orders could block each other. It skips an upsert whose document exists and is not below. The database decides that,
// since it refuses a second document with the `_id`. If UpsertAll returns an error, mapped by Failure, some upserts may
// have been done.
func (db *DB) UpsertAll(ctx context.Context, collection string, upserts []Upsert) error {
	if len(upserts) == 0 {
		return nil
	}
	upsert := db.upsertAtOnce
	if db.plain {
		upsert = db.upsertOneByOne
	}
	upserts = slices.Clone(upserts)
	slices.SortStableFunc(upserts, func(a, b Upsert) int { return strings.Compare(a.ID, b.ID) })
	if err := upsert(ctx, collection, upserts); err != nil {
		return Failure(fmt.Errorf("upserting into %s: %w", collection, err))
	}
	return nil
}

// upsertAtOnce is UpsertAll in one call to the server, plus a second one for the upserts that the first refused: a
// document that another caller inserted at the same moment may be below, and only the second call sees it.
func (db *DB) upsertAtOnce(ctx context.Context, collection string, upserts []Upsert) error {
	refused, err := db.bulkUpsert(ctx, collection, upserts)
	if err == nil && len(refused) > 0 {
		_, err = db.bulkUpsert(ctx, collection, refused)
	}
	return err
}

// bulkUpsert returns the upserts that were refused: their documents existed and, at that moment, were not below.
func (db *DB) bulkUpsert(ctx context.Context, collection string, upserts []Upsert) (refused []Upsert, err error) {
	models := make([]mongo.WriteModel, len(upserts))
	for i, u := range upserts {
		models[i] = mongo.NewUpdateOneModel().SetUpsert(true).SetUpdate(u.Update).
			SetFilter(bson.D{{Key: "_id", Value: u.ID}, {Key: u.Below.Key, Value: bson.D{{Key: "$lt", Value: u.Below.Value}}}})
	}
	_, err = db.Collection(collection).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	var failed mongo.BulkWriteException
	if !errors.As(err, &failed) || failed.WriteConcernError != nil || len(failed.WriteErrors) == 0 {
		return nil, err
	}
	for _, e := range failed.WriteErrors {
		if !IsUnique(e) || e.Index < 0 || e.Index >= len(upserts) {
			return nil, err
		}
		refused = append(refused, upserts[e.Index])
	}
	return refused, nil
}

// upsertOneByOne is UpsertAll for the tests' engine, which ends a call at its first refusal, and finds a
// document quickly only by its `_id` alone.
func (db *DB) upsertOneByOne(ctx context.Context, collection string, upserts []Upsert) error {
	db.alone.Lock()
	defer db.alone.Unlock()
	for _, u := range upserts {
		byID := bson.D{{Key: "_id", Value: u.ID}}
		there, err := db.Collection(collection).FindOne(ctx, byID).Raw()
		switch {
		case err == nil && !isBelow(there, u.Below):
			continue
		case err != nil && !errors.Is(err, mongo.ErrNoDocuments):
			return err
		}
		if _, err := db.Collection(collection).UpdateOne(ctx, byID, u.Update, options.UpdateOne().SetUpsert(true)); err != nil {
			return err
		}
	}
	return nil
}

// isBelow reports whether a document's field is less than a value.
func isBelow(document bson.Raw, than bson.E) bool {
	switch value := than.Value.(type) {
	case time.Time:
		at, ok := document.Lookup(than.Key).TimeOK()
		return ok && at.Before(value)
	case int64:
		n, ok := document.Lookup(than.Key).AsInt64OK()
		return ok && n < value
	default:
		return false
	}
}
