package mongodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// indexLimit bounds the building of indexes. It takes a server minutes for each ten million documents.
	indexLimit = 24 * time.Hour
	// indexPatience bounds how long a start waits for indexes that only make queries faster; see WithIndexPatience.
	indexPatience = 2 * time.Second
	// indexRetry is the pause before building is tried again.
	indexRetry = 10 * time.Second

	codeIndexOptionsConflict  = 85
	codeIndexKeySpecsConflict = 86
)

// index is an index as a server describes it.
type index struct {
	Name    string   `bson:"name"`
	Key     bson.D   `bson:"key"`
	Unique  bool     `bson:"unique"`
	Partial bson.Raw `bson:"partialFilterExpression"`
	// Expiry is in seconds; nil if the index does not expire documents.
	Expiry *int32 `bson:"expireAfterSeconds"`
}

// EnsureIndexes creates those of a collection's indexes that do not exist. An index on the same fields with the same
// options counts, whatever its name. EnsureIndexes may be called at each start, by several processes at once. The
// indexes come from Index and UniqueIndex.
//
// It returns once the unique indexes exist. The others only make queries faster; they are built in the background, and
// AwaitIndexes waits for them a little.
//
// An index on the same fields with other options can prevent one from being created. The error then names it and says
// what to do. For an index that is not unique, this is only logged.
func (db *DB) EnsureIndexes(ctx context.Context, collection string, indexes ...mongo.IndexModel) error {
	existing, err := db.indexes(ctx, collection)
	if err != nil {
		return err
	}
	var unique, others []mongo.IndexModel
	for _, model := range indexes {
		wanted, err := describe(model)
		if err != nil {
			return fmt.Errorf("an index of %s: %w", collection, err)
		}
		switch {
		case wanted.among(existing):
		case wanted.Unique:
			unique = append(unique, model)
		default:
			others = append(others, model)
		}
	}
	if len(unique) > 0 {
		if err := db.createIndexes(ctx, collection, unique); err != nil {
			return err
		}
	}
	if len(others) > 0 {
		db.building.Go(func() { db.keepBuilding(collection, others) })
	}
	return nil
}

// AwaitIndexes waits until the indexes are built, but at most two seconds, or as long as WithIndexPatience sets. Lists
// that need an index are slow until it exists.
func (db *DB) AwaitIndexes(ctx context.Context) {
	built := make(chan struct{})
	go func() {
		defer close(built)
		db.building.Wait()
	}()
	select {
	case <-built:
	case <-ctx.Done():
	case <-time.After(db.indexPatience):
		db.log.InfoContext(ctx, "indexes are being built in the background; some lists are slow until they are there")
	}
}

// keepBuilding creates indexes in the background until they exist or cannot exist, or the DB is closed.
func (db *DB) keepBuilding(collection string, models []mongo.IndexModel) {
	for tries := 0; ; tries++ {
		err := db.createIndexes(db.life, collection, models)
		if err == nil || db.life.Err() != nil {
			return
		}
		err = StartFailure(err)
		passes := IsAway(err)
		if tries == 0 || !passes {
			db.log.ErrorContext(db.life, "an index is missing; lists that need it are slow", slog.Bool("tries again", passes), slog.Any("error", err))
		}
		if !passes {
			return
		}
		select {
		case <-time.After(indexRetry):
		case <-db.life.Done():
			return
		}
	}
}

// createIndexes creates indexes. If one cannot be created, the others still are.
func (db *DB) createIndexes(ctx context.Context, collection string, models []mongo.IndexModel) error {
	err := db.createAtOnce(ctx, collection, models)
	switch {
	case err == nil:
		return nil
	case len(models) == 1:
		return db.indexFailure(ctx, collection, models[0], err)
	case !hasCode(err, codeIndexOptionsConflict, codeIndexKeySpecsConflict):
		return Failure(fmt.Errorf("creating the indexes of %s: %w", collection, err))
	}
	var errs []error
	for _, model := range models {
		errs = append(errs, db.createIndexes(ctx, collection, []mongo.IndexModel{model}))
	}
	return errors.Join(errs...)
}

func (db *DB) createAtOnce(ctx context.Context, collection string, models []mongo.IndexModel) error {
	bounded, end, err := db.beginWithin(ctx, indexLimit)
	if err != nil {
		return err
	}
	return end(db.server.CreateIndexes(bounded, db.database.Collection(collection), models))
}

// indexFailure returns the error for an index that was not created. It names the index that is in the way.
func (db *DB) indexFailure(ctx context.Context, collection string, model mongo.IndexModel, err error) error {
	wanted, describeErr := describe(model)
	if !hasCode(err, codeIndexOptionsConflict, codeIndexKeySpecsConflict) || describeErr != nil {
		return Failure(fmt.Errorf("creating the index %s of %s: %w", wanted.Name, collection, err))
	}
	existing, listErr := db.indexes(ctx, collection)
	if listErr != nil {
		return listErr
	}
	for _, e := range existing {
		if e.Name == wanted.Name || sameKeys(e.Key, wanted.Key) {
			return fmt.Errorf("the collection %s of the database %s has an index %s (%s) that keeps the index %s (%s) from being created: "+
				"drop it with db.%s.dropIndex(%q) and start again: %w",
				collection, db.database.Name(), e.Name, e.options(), wanted.Name, wanted.options(), collection, e.Name, err)
		}
	}
	return Failure(fmt.Errorf("creating the index %s of %s: %w", wanted.Name, collection, err))
}

// indexes returns a collection's indexes.
func (db *DB) indexes(ctx context.Context, collection string) ([]index, error) {
	found, err := db.Collection(collection).Indexes(ctx)
	if err != nil {
		return nil, Failure(fmt.Errorf("listing the indexes of %s: %w", collection, err))
	}
	existing := make([]index, len(found))
	for i, specification := range found {
		if err := bson.Unmarshal(specification, &existing[i]); err != nil {
			return nil, fmt.Errorf("reading an index of %s: %w", collection, err)
		}
	}
	return existing, nil
}

// describe returns an index as a server would describe it.
func describe(model mongo.IndexModel) (index, error) {
	keys, ok := model.Keys.(bson.D)
	if !ok {
		return index{}, fmt.Errorf("its keys are a %T, not a bson.D", model.Keys)
	}
	described := index{Name: indexName(keys), Key: keys}
	var args options.IndexOptions
	if model.Options != nil {
		for _, set := range model.Options.List() {
			if err := set(&args); err != nil {
				return index{}, fmt.Errorf("its options: %w", err)
			}
		}
	}
	described.Unique = args.Unique != nil && *args.Unique
	described.Expiry = args.ExpireAfterSeconds
	if args.PartialFilterExpression == nil {
		return described, nil
	}
	var err error
	described.Partial, err = bson.Marshal(args.PartialFilterExpression)
	return described, err
}

// among reports whether an index equals one of existing, except for its name.
func (i index) among(existing []index) bool {
	for _, e := range existing {
		if sameKeys(e.Key, i.Key) && e.options() == i.options() {
			return true
		}
	}
	return false
}

// options describes an index's options, for messages.
func (i index) options() string {
	described := "not unique"
	if i.Unique {
		described = "unique"
	}
	if len(i.Partial) > 0 {
		described += ", only of " + i.Partial.String()
	}
	if i.Expiry != nil {
		described += fmt.Sprintf(", expiring after %d s", *i.Expiry)
	}
	return described
}

// sameKeys reports whether two indexes have the same fields in the same order. Servers may return a direction as any
// kind of number.
func sameKeys(a, b bson.D) bool {
	return slices.EqualFunc(a, b, func(a, b bson.E) bool { return a.Key == b.Key && fmt.Sprint(a.Value) == fmt.Sprint(b.Value) })
}

// EnsurePartialIndex is EnsureIndexes for one index of only the documents that a filter selects. Queries can use it if
// they include the filter's conditions.
func (db *DB) EnsurePartialIndex(ctx context.Context, collection string, filter bson.D, fields ...string) error {
	index := Index(fields...)
	index.Options = options.Index().SetPartialFilterExpression(filter)
	return db.EnsureIndexes(ctx, collection, index)
}

// Index returns an ascending index on fields. Its name consists of theirs.
func Index(fields ...string) mongo.IndexModel {
	keys := bson.D{}
	for _, field := range fields {
		keys = append(keys, bson.E{Key: field, Value: 1})
	}
	return mongo.IndexModel{Keys: keys}
}

// UniqueIndex is Index for an index that refuses a second document with the same values.
func UniqueIndex(fields ...string) mongo.IndexModel {
	index := Index(fields...)
	index.Options = options.Index().SetUnique(true)
	return index
}

// indexName returns the name that the driver gives an ascending index.
func indexName(keys bson.D) string {
	name := ""
	for _, key := range keys {
		name += "_" + key.Key + "_1"
	}
	return name[min(1, len(name)):]
}

// hasCode reports whether a server returned an error with one of the codes.
func hasCode(err error, codes ...int) bool {
	var refusal mongo.ServerError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, code := range codes {
		if refusal.HasErrorCode(code) {
			return true
		}
	}
	return false
}
