package mongodb

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// forgetTimeout bounds the call that makes a server drop a cursor. Without it, the server drops the cursor later.
const forgetTimeout = time.Second

// Collection is a collection of a service's database. Its methods are the driver's, except that each call ends if no
// server takes writes any more, or after its limit (WithLimit). Their errors are the driver's, for Failure to map.
type Collection struct {
	driver *mongo.Collection
	db     *DB
}

// call makes a call to the server.
func call[T any](ctx context.Context, c *Collection, do func(context.Context) (T, error)) (T, error) {
	bounded, end, err := c.db.begin(ctx)
	if err != nil {
		var none T
		return none, err
	}
	result, err := do(bounded)
	return result, end(err)
}

// single makes a call that returns a document, and reads it.
func (c *Collection) single(ctx context.Context, do func(context.Context) *mongo.SingleResult) *mongo.SingleResult {
	result, err := call(ctx, c, func(ctx context.Context) (*mongo.SingleResult, error) {
		result := do(ctx)
		return result, result.Err() // Err reads the document, since the result's own context ends with the call
	})
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return mongo.NewSingleResultFromDocument(bson.D{}, err, nil)
	}
	return result
}

func (c *Collection) Name() string { return c.driver.Name() }

// FindOne is the driver's.
func (c *Collection) FindOne(ctx context.Context, filter any, opts ...options.Lister[options.FindOneOptions]) *mongo.SingleResult {
	return c.single(ctx, func(ctx context.Context) *mongo.SingleResult { return c.driver.FindOne(ctx, filter, opts...) })
}

// FindOneAndUpdate is the driver's.
func (c *Collection) FindOneAndUpdate(
	ctx context.Context, filter, update any, opts ...options.Lister[options.FindOneAndUpdateOptions],
) *mongo.SingleResult {
	return c.single(ctx, func(ctx context.Context) *mongo.SingleResult {
		return c.driver.FindOneAndUpdate(ctx, filter, update, opts...)
	})
}

// Find is the driver's.
func (c *Collection) Find(ctx context.Context, filter any, opts ...options.Lister[options.FindOptions]) (*Cursor, error) {
	return c.cursor(ctx, func(ctx context.Context) (*mongo.Cursor, error) { return c.driver.Find(ctx, filter, opts...) })
}

// Aggregate is the driver's.
func (c *Collection) Aggregate(ctx context.Context, pipeline any, opts ...options.Lister[options.AggregateOptions]) (*Cursor, error) {
	return c.cursor(ctx, func(ctx context.Context) (*mongo.Cursor, error) { return c.driver.Aggregate(ctx, pipeline, opts...) })
}

// CountDocuments is the driver's.
func (c *Collection) CountDocuments(ctx context.Context, filter any, opts ...options.Lister[options.CountOptions]) (int64, error) {
	return call(ctx, c, func(ctx context.Context) (int64, error) { return c.driver.CountDocuments(ctx, filter, opts...) })
}

// InsertOne is the driver's.
func (c *Collection) InsertOne(
	ctx context.Context, document any, opts ...options.Lister[options.InsertOneOptions],
) (*mongo.InsertOneResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.InsertOneResult, error) {
		return c.driver.InsertOne(ctx, document, opts...)
	})
}

// InsertMany is the driver's.
func (c *Collection) InsertMany(
	ctx context.Context, documents any, opts ...options.Lister[options.InsertManyOptions],
) (*mongo.InsertManyResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.InsertManyResult, error) {
		return c.driver.InsertMany(ctx, documents, opts...)
	})
}

// UpdateOne is the driver's.
func (c *Collection) UpdateOne(
	ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateOneOptions],
) (*mongo.UpdateResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.UpdateResult, error) {
		return c.driver.UpdateOne(ctx, filter, update, opts...)
	})
}

// UpdateMany is the driver's.
func (c *Collection) UpdateMany(
	ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateManyOptions],
) (*mongo.UpdateResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.UpdateResult, error) {
		return c.driver.UpdateMany(ctx, filter, update, opts...)
	})
}

// ReplaceOne is the driver's.
func (c *Collection) ReplaceOne(
	ctx context.Context, filter, replacement any, opts ...options.Lister[options.ReplaceOptions],
) (*mongo.UpdateResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.UpdateResult, error) {
		return c.driver.ReplaceOne(ctx, filter, replacement, opts...)
	})
}

// DeleteOne is the driver's.
func (c *Collection) DeleteOne(ctx context.Context, filter any, opts ...options.Lister[options.DeleteOneOptions]) (*mongo.DeleteResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.DeleteResult, error) {
		return c.driver.DeleteOne(ctx, filter, opts...)
	})
}

// DeleteMany is the driver's.
func (c *Collection) DeleteMany(
	ctx context.Context, filter any, opts ...options.Lister[options.DeleteManyOptions],
) (*mongo.DeleteResult, error) {
	return call(ctx, c, func(ctx context.Context) (*mongo.DeleteResult, error) {
		return c.driver.DeleteMany(ctx, filter, opts...)
	})
}

// Write does writes in no particular order; see Server.Write.
func (c *Collection) Write(ctx context.Context, writes []mongo.WriteModel) error {
	_, err := call(ctx, c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.db.server.Write(ctx, c.driver, writes)
	})
	return err
}

// insert inserts documents; see Server.Insert.
func (c *Collection) insert(ctx context.Context, documents []any) error {
	_, err := call(ctx, c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.db.server.Insert(ctx, c.driver, documents)
	})
	return err
}

// Indexes returns the specifications of the collection's indexes.
func (c *Collection) Indexes(ctx context.Context) ([]bson.Raw, error) {
	cursor, err := c.cursor(ctx, func(ctx context.Context) (*mongo.Cursor, error) { return c.driver.Indexes().List(ctx) })
	if err != nil {
		return nil, err
	}
	var found []bson.Raw
	return found, cursor.All(ctx, &found)
}

// cursor makes a call that returns a cursor.
func (c *Collection) cursor(ctx context.Context, do func(context.Context) (*mongo.Cursor, error)) (*Cursor, error) {
	found, err := call(ctx, c, do)
	if err != nil {
		return nil, err
	}
	return &Cursor{Cursor: found, c: c}, nil
}

// Cursor is the driver's cursor. Each call for more documents has the limits of a Collection's calls.
type Cursor struct {
	*mongo.Cursor
	c *Collection
	// err is the error of the call for more documents.
	err error
}

// Next is the driver's.
func (c *Cursor) Next(ctx context.Context) bool {
	if c.RemainingBatchLength() > 0 {
		return c.Cursor.Next(ctx)
	}
	var more bool
	_, c.err = call(ctx, c.c, func(ctx context.Context) (struct{}, error) {
		more = c.Cursor.Next(ctx)
		return struct{}{}, c.Cursor.Err()
	})
	return more && c.err == nil
}

// All appends all documents to the slice that results points to, and closes the cursor.
func (c *Cursor) All(ctx context.Context, results any) error {
	defer func() { _ = c.Close(ctx) }() // the server drops it later
	slice := reflect.ValueOf(results).Elem()
	for c.Next(ctx) {
		item := reflect.New(slice.Type().Elem())
		if err := c.Decode(item.Interface()); err != nil {
			return fmt.Errorf("decoding a document: %w", err)
		}
		slice.Set(reflect.Append(slice, item.Elem()))
	}
	return c.Err()
}

// Close makes the server drop the cursor, within a second, even if ctx has ended.
func (c *Cursor) Close(ctx context.Context) error {
	bounded, end, err := c.c.db.beginWithin(context.WithoutCancel(ctx), forgetTimeout)
	if err != nil {
		bounded, end = canceled(), func(err error) error { return err }
	}
	return end(c.Cursor.Close(bounded))
}

// canceled returns a context that has ended, so that a call with it sends nothing.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Err is the driver's.
func (c *Cursor) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.Cursor.Err()
}
