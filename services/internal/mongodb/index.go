package mongodb

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// EnsureIndexes creates those of a collection's indexes that do not exist, by name, which a server
// does without stopping reads and writes. It may be called at each start, by several processes at
// once. The indexes are of Index and UniqueIndex. One whose options change needs a Migration that
// drops the old.
func (db *DB) EnsureIndexes(ctx context.Context, collection string, indexes ...mongo.IndexModel) error {
	view := db.Collection(collection).Indexes()
	existing, err := view.ListSpecifications(ctx)
	if err != nil {
		return Failure(fmt.Errorf("listing the indexes of %s: %w", collection, err))
	}
	missing := slices.DeleteFunc(slices.Clone(indexes), func(index mongo.IndexModel) bool {
		return slices.ContainsFunc(existing, func(e mongo.IndexSpecification) bool { return e.Name == indexName(index) })
	})
	if len(missing) == 0 {
		return nil
	}
	if _, err := view.CreateMany(ctx, missing); err != nil {
		return Failure(fmt.Errorf("creating the indexes of %s: %w", collection, err))
	}
	return nil
}

// EnsurePartialIndex is EnsureIndexes for one Index over only those of the documents that a filter
// selects. It serves the queries that have the filter's conditions among theirs. The tests' engine, which
// has no such thing, gets an index over all.
func (db *DB) EnsurePartialIndex(ctx context.Context, collection string, filter bson.D, fields ...string) error {
	index := Index(fields...)
	if !db.plain {
		index.Options = options.Index().SetPartialFilterExpression(filter)
	}
	return db.EnsureIndexes(ctx, collection, index)
}

// Index returns an ascending index over fields; its name is made of theirs.
func Index(fields ...string) mongo.IndexModel {
	keys := bson.D{}
	for _, field := range fields {
		keys = append(keys, bson.E{Key: field, Value: 1})
	}
	return mongo.IndexModel{Keys: keys}
}

// UniqueIndex is an Index that refuses a second document with the same values.
func UniqueIndex(fields ...string) mongo.IndexModel {
	index := Index(fields...)
	index.Options = options.Index().SetUnique(true)
	return index
}

// indexName returns the name that the driver gives an ascending index.
func indexName(index mongo.IndexModel) string {
	name := ""
	keys, _ := index.Keys.(bson.D)
	for _, key := range keys {
		name += "_" + key.Key + "_1"
	}
	return name[min(1, len(name)):]
}
