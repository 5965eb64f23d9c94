// Package mongostore stores the tracking service's clicks, conversions, journal and deliveries in MongoDB,
// shared by several instances.
//
// Only the tracking service's wiring and tests may import it; of ours it imports app, domain, and
// the shared packages that stores are made of.
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/stripes"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	// maxWaiting is how many writes of a kind may wait for the batch under way; it is also the
	// largest batch. At some 2 KB each they stay far under the server's limit for one message.
	maxWaiting = 2048
	// writeTimeout bounds one batch, update or transaction, at the server too, so that one that hangs
	// does not hold up all that wait behind it for good.
	writeTimeout = 10 * time.Second
	// maxWait is how long a sale may wait for the batches before its own; then it is refused.
	maxWait = 3 * time.Second
)

// Store keeps all that the tracking service stores, on the database `tracking` of a MongoDB deployment. Clicks, sales and the
// journal's other entries have a queue each, and each batch is one unordered insert.
type Store struct {
	db        *mongodb.DB
	clicks    *groupcommit.Writer[*clickDocument]
	sales     *saleQueue
	postbacks *groupcommit.Writer[any]
	// updating is by the id of a conversion, taking by the name of a coupon.
	updating *stripes.Stripes
	taking   *stripes.Stripes
	// numbering holds a token while somebody makes a batch, and unmarked is the last batch that is known to have
	// left no marks.
	numbering chan struct{}
	unmarked  atomic.Int64
	feedID    string
	// leaseTime is the constant leaseTime, except in tests.
	leaseTime time.Duration
	// tailEvents is how much that is not in the cells yet a summary adds at most.
	tailEvents int

	others   watchdog
	calendar rollup.Calendar
	// clock returns the time.
	clock func() time.Time
}

// Options are what a store is opened with.
type Options struct {
	// Retention is how long the journal of postbacks is kept, in whole seconds; it holds for the entries
	// that are there already too.
	Retention time.Duration
	// Calendar has the days and months of the figures. A change of its zone recounts the figures for all
	// instances; stores still open with the old zone then return ErrNotCounted.
	Calendar rollup.Calendar
	// Now is the clock.
	Now func() time.Time
}

// Open connects to the deployment that a URI names, as mongodb.Open says, and brings the schema up
// to date.
func Open(ctx context.Context, uri string, o Options, opts ...mongodb.Option) (*Store, error) {
	db, err := mongodb.Open(ctx, uri, "tracking", opts...)
	if err != nil {
		return nil, fmt.Errorf("opening the tracking store: %w", err)
	}
	if err := prepare(ctx, db, expiries{clicks: clickRetention, journal: o.Retention, deliveries: deliveryRetention, scans: scanRetention}); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", mongodb.StartFailure(err)), db.Close())
	}
	s := newStore(db, o.Calendar, o.Now)
	if s.feedID, err = s.nameFeed(ctx); err == nil {
		err = s.beginFigures(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", mongodb.StartFailure(err)), s.Close())
	}
	return s, nil
}

// newStore returns a store on a database that is up to date, and starts its queues.
func newStore(db *mongodb.DB, calendar rollup.Calendar, clock func() time.Time) *Store {
	s := &Store{
		db: db, updating: stripes.New(), taking: stripes.New(), numbering: make(chan struct{}, 1),
		calendar: calendar, clock: clock, leaseTime: leaseTime, tailEvents: tailEvents,
	}
	s.sales = newSaleQueue(db)
	s.clicks = groupcommit.New(maxWaiting, s.writeClicks)
	s.postbacks = groupcommit.New(maxWaiting, func(batch []any) []error { return insertBatch(db, postbacks, batch) })
	return s
}

// now returns the time as it is stored.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// writeClicks inserts a batch of clicks.
func (s *Store) writeClicks(batch []*clickDocument) []error {
	documents := make([]any, len(batch))
	for i, click := range batch {
		documents[i] = click
	}
	return insertBatch(s.db, clicks, documents)
}

// insertBatch is InsertAll in bounded time. Those who wait for it may leave; it is still everyone's.
func insertBatch(db *mongodb.DB, collection string, batch []any) []error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return db.InsertAll(ctx, collection, batch)
}

// within runs a write in bounded time. When our time runs out, and not the caller's, the error is
// Unavailable.
func within(ctx context.Context, write func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := write(bounded)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && apperr.As(err) == nil {
		return unavailable("the storage took too long; try again later").Because(err)
	}
	return err
}

func unavailable(message string) *apperr.Error {
	return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "%s", message)
}

// InsertClick stores a click.
func (s *Store) InsertClick(ctx context.Context, click domain.Click) error {
	err := s.clicks.Write(ctx, encodeClick(click))
	if mongodb.IsUnique(err) {
		return fmt.Errorf("click %s exists already", click.ID)
	}
	return err
}

// Click returns a click by its id, or domain.ErrNotFound.
func (s *Store) Click(ctx context.Context, id string) (domain.Click, error) {
	return one(ctx, s.db, clicks, id, (*clickDocument).decode)
}

// one returns what is stored in a collection under an id, or domain.ErrNotFound.
func one[D, T any](ctx context.Context, db *mongodb.DB, collection, id string, decode func(*D) T) (T, error) {
	var found D
	err := db.Collection(collection).FindOne(ctx, byID(id)).Decode(&found)
	return decode(&found), readFailure("reading one of the "+collection, err)
}

// list returns what a query selects of a collection, without some fields.
func list[D, T any](
	ctx context.Context, db *mongodb.DB, collection string, q listing.Query, decode func(*D) T, without ...string,
) ([]T, error) {
	filter, order := bsonquery.Build(q)
	opts := options.Find().SetSort(order).SetLimit(int64(q.Limit))
	if len(without) > 0 {
		opts.SetProjection(leftOut(without...))
	}
	return all(ctx, db, collection, filter, opts, decode)
}

// leftOut is the projection on all fields but some.
func leftOut(fields ...string) bson.D {
	projection := bson.D{}
	for _, field := range fields {
		projection = append(projection, bson.E{Key: field, Value: 0})
	}
	return projection
}

// all returns what a filter selects of a collection.
func all[D, T any](
	ctx context.Context, db *mongodb.DB, collection string, filter bson.D, opts *options.FindOptionsBuilder, decode func(*D) T,
) ([]T, error) {
	documents, err := find[D](ctx, db, collection, "listing "+collection, filter, opts)
	if err != nil {
		return nil, err
	}
	found := make([]T, len(documents))
	for i := range documents {
		found[i] = decode(&documents[i])
	}
	return found, nil
}

// find returns the documents that a filter selects of a collection. doing is what an error says that it failed at.
func find[D any](
	ctx context.Context, db *mongodb.DB, collection, doing string, filter bson.D, opts *options.FindOptionsBuilder,
) (found []D, err error) {
	cursor, err := db.Collection(collection).Find(ctx, filter, opts)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, failure(doing, err)
	}
	return found, nil
}

// readFailure is the error of a read, nil included, as app knows it.
func readFailure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return domain.ErrNotFound
	default:
		return failure(doing, err)
	}
}

// failure is an error of a database call.
func failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	return mongodb.Failure(fmt.Errorf("%s: %w", doing, err))
}

// Ping says whether the deployment has a primary that answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close writes what waits and disconnects.
func (s *Store) Close() error {
	s.clicks.Close()
	s.sales.close()
	s.postbacks.Close()
	return s.db.Close()
}
