package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// UpdateAll runs updates of a collection's documents in one call, in no particular order. If it returns an error, mapped
// by Failure, some of the updates may have been done.
func (db *DB) UpdateAll(ctx context.Context, collection string, updates []mongo.WriteModel) error {
	if len(updates) == 0 {
		return nil
	}
	if err := db.Collection(collection).Write(ctx, updates); err != nil {
		return Failure(fmt.Errorf("updating %s: %w", collection, err))
	}
	return nil
}

// SetAll sets fields of the documents with the given `_id`s that also match where. If it returns an error, mapped by
// Failure, some documents may have changed.
func (db *DB) SetAll(ctx context.Context, collection string, ids []string, where, fields bson.D) error {
	update := bson.D{{Key: "$set", Value: fields}}
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
	upserts = slices.Clone(upserts)
	slices.SortStableFunc(upserts, func(a, b Upsert) int { return strings.Compare(a.ID, b.ID) })
	if err := db.upsertAtOnce(ctx, collection, upserts); err != nil {
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
	err = db.Collection(collection).Write(ctx, models)
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
