package mongostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

const (
	// changeAttempts bounds how often a change starts over because others changed the same document
	// meanwhile. In each collision one change succeeds, so a hundred others must win in a row to exhaust it.
	changeAttempts = 100
	// The random pause before a change starts over has a bound that doubles from firstPause to lastPause.
	firstPause = time.Millisecond
	lastPause  = 64 * time.Millisecond
)

// errCollision means that a document has changed since it was read.
var errCollision = errors.New("the document was changed by another")

// document is the stored form of a T.
type document[T any] interface{ decode() T }

// collection stores Ts as documents of type D.
type collection[T any, D document[T]] struct {
	stored *mongodb.Collection
	encode func(T) D
	// id returns a T's key.
	id func(T) string
	// revision points to a T's revision.
	revision func(*T) *int64
	// resource returns the name of a T's resource.
	resource func(T) string
	// trail gets an entry for each change; nil for the collection of entries.
	trail *trail
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// first returns the document that a filter selects, or app.ErrNotFound.
func (c *collection[T, D]) first(ctx context.Context, filter bson.D) (T, error) {
	var found D
	err := c.stored.FindOne(ctx, filter).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return found.decode(), app.ErrNotFound
	}
	if err != nil {
		return found.decode(), c.failure("reading", err)
	}
	return found.decode(), nil
}

// find returns the document with a key, or nil.
func (c *collection[T, D]) find(ctx context.Context, id string) (*T, error) {
	found, err := c.first(ctx, byID(id))
	if errors.Is(err, app.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// all returns the documents that a filter selects.
func (c *collection[T, D]) all(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]T, error) {
	cursor, err := c.stored.Find(ctx, filter, opts)
	if err != nil {
		return nil, c.failure("listing", err)
	}
	var documents []D
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, c.failure("listing", err)
	}
	found := make([]T, len(documents))
	for i, d := range documents {
		found[i] = d.decode()
	}
	return found, nil
}

// list returns the documents that a query selects.
func (c *collection[T, D]) list(ctx context.Context, q listing.Query) ([]T, error) {
	filter, sort := bsonquery.Build(q)
	return c.all(ctx, filter, options.Find().SetSort(sort).SetLimit(int64(q.Limit)))
}

// insert writes a new document, or returns app.ErrExists.
func (c *collection[T, D]) insert(ctx context.Context, item T) error {
	return c.insertAll(ctx, []T{item})
}

// insertAll writes new documents, or returns app.ErrExists.
func (c *collection[T, D]) insertAll(ctx context.Context, items []T) error {
	documents := make([]any, len(items))
	changes := make([]change[T], len(items))
	for i := range items {
		documents[i], changes[i] = c.encode(items[i]), change[T]{after: &items[i]}
	}
	if len(documents) == 0 { // the driver refuses an empty insert
		return nil
	}
	return noted(ctx, c, changes, func(ctx context.Context) error {
		var err error
		if len(documents) == 1 {
			_, err = c.stored.InsertOne(ctx, documents[0])
		} else {
			_, err = c.stored.InsertMany(ctx, documents)
		}
		if mongodb.IsUnique(err) {
			return app.ErrExists
		}
		if err != nil {
			return c.failure("inserting into", err)
		}
		return nil
	})
}

// replace replaces before with after, with the next revision. It returns errCollision if before is not what
// is stored.
func (c *collection[T, D]) replace(ctx context.Context, before, after T) (T, error) {
	if c.id(after) != c.id(before) {
		return before, fmt.Errorf("updating %s: a change turned %q into %q", c.stored.Name(), c.id(before), c.id(after))
	}
	revision := *c.revision(&before)
	*c.revision(&after) = revision + 1
	filter := append(byID(c.id(before)), bson.E{Key: "revision", Value: revision})
	err := noted(ctx, c, []change[T]{{&before, &after}}, func(ctx context.Context) error {
		result, err := c.stored.ReplaceOne(ctx, filter, c.encode(after))
		if err != nil {
			return c.failure("updating", err)
		}
		if result.MatchedCount == 0 {
			return errCollision
		}
		return nil
	})
	if err != nil {
		return before, err
	}
	return after, nil
}

// update replaces the document with a key with the result of change.
func (c *collection[T, D]) update(ctx context.Context, id string, change func(T) (T, error)) (T, error) {
	return withoutCollision(ctx, func() (T, error) {
		before, err := c.first(ctx, byID(id))
		if err != nil {
			return before, err
		}
		after, err := change(before)
		if err != nil {
			return before, err
		}
		return c.replace(ctx, before, after)
	})
}

func (c *collection[T, D]) failure(doing string, err error) error {
	return mongodb.Failure(fmt.Errorf("%s %s: %w", doing, c.stored.Name(), err))
}

// withoutCollision runs attempt until it does not return errCollision. It pauses for a random time in
// between, so that the same callers do not collide again.
func withoutCollision[T any](ctx context.Context, attempt func() (T, error)) (T, error) {
	var none T
	longest := firstPause
	for range changeAttempts {
		result, err := attempt()
		if !errors.Is(err, errCollision) {
			return result, err
		}
		select {
		case <-time.After(rand.N(longest)): //nolint:gosec // the pauses are no secret
		case <-ctx.Done():
			return none, ctx.Err()
		}
		longest = min(2*longest, lastPause)
	}
	return none, contended()
}

// contended is the error after all attempts collided.
func contended() error {
	return apperr.New(apperr.Unavailable, "STORE_CONTENDED", "too many changes of the same thing at once; try again")
}
