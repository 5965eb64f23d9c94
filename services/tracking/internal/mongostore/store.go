// Package mongostore keeps the tracking service's clicks and conversions in MongoDB, for several
// instances at once.
//
// Only the tracking service's wiring and tests may import it; of ours it imports flow, rules, and
// the shared packages that stores are made of.
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	clicks      = "clicks"
	conversions = "conversions"

	// retention is how long clicks are kept: a year, the longest click window, and a month.
	retention = 400 * 24 * time.Hour
	// maxWaiting is how many writes of a kind may wait for the batch under way; it is also the
	// largest batch. At some 2 KB each they stay far under the server's limit for one message.
	maxWaiting = 2048
	// batchTimeout bounds one batch, so that a server that hangs does not hold up all that wait
	// behind it for good.
	batchTimeout = 30 * time.Second
)

// Store is a flow.Store on the database `tracking` of a MongoDB deployment. Clicks and conversions
// have a queue each, and each batch is one unordered insert.
type Store struct {
	db          *mongodb.DB
	clicks      *groupcommit.Writer[any]
	conversions *groupcommit.Writer[any]
}

var _ flow.Store = (*Store)(nil)

// Open connects to the deployment that a URI names, as mongodb.Open says, and brings the schema up
// to date.
func Open(ctx context.Context, uri string, opts ...mongodb.Option) (*Store, error) {
	db, err := mongodb.Open(ctx, uri, "tracking", opts...)
	if err != nil {
		return nil, fmt.Errorf("opening the tracking store: %w", err)
	}
	if err := prepare(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", err), db.Close())
	}
	return &Store{db: db, clicks: inserter(db, clicks), conversions: inserter(db, conversions)}, nil
}

// prepare brings the schema up to date. Indexes are no migrations: creating one that exists does
// nothing, and one that an operator dropped comes back with the next start.
func prepare(ctx context.Context, db *mongodb.DB) error {
	err := db.Migrate(ctx, []mongodb.Migration{
		{Version: 1, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, clicks, conversions)
		}},
	})
	if err != nil {
		return err
	}
	if err := db.EnsureExpiry(ctx, clicks, "time", retention); err != nil {
		return err
	}
	// `_id` settles the order of those at one moment, so that a page needs no sorting.
	return db.EnsureIndexes(ctx, conversions,
		mongodb.Index("conversion_time", "_id"),
		mongodb.Index("offer", "conversion_time", "_id"),
		mongodb.Index("publisher", "conversion_time", "_id"),
		mongodb.Index("pub_unique3_key", "conversion_time", "_id"),
		mongodb.Index("status", "conversion_time", "_id"),
	)
}

// inserter starts a collection's queue.
func inserter(db *mongodb.DB, collection string) *groupcommit.Writer[any] {
	return groupcommit.New(maxWaiting, func(batch []any) []error {
		// Those who wait may leave; the batch is still everyone's.
		ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
		defer cancel()
		return db.InsertAll(ctx, collection, batch)
	})
}

// InsertClick stores a click.
func (s *Store) InsertClick(ctx context.Context, click rules.Click) error {
	err := s.clicks.Write(ctx, encodeClick(click))
	if mongodb.IsUnique(err) {
		return fmt.Errorf("click %s exists already", click.ID)
	}
	return err
}

// Click returns a click by its id, or flow.ErrNotFound.
func (s *Store) Click(ctx context.Context, id string) (rules.Click, error) {
	var document clickDocument
	err := s.db.Collection(clicks).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&document)
	return document.decode(), readFailure("reading a click", err)
}

// InsertConversion stores a conversion unless its id is taken; then it returns the one that has it.
func (s *Store) InsertConversion(ctx context.Context, conversion rules.Conversion) (stored rules.Conversion, inserted bool, err error) {
	err = s.conversions.Write(ctx, encodeConversion(conversion))
	if err == nil {
		return conversion, true, nil
	}
	if !mongodb.IsUnique(err) {
		return rules.Conversion{}, false, err
	}
	stored, err = s.Conversion(ctx, conversion.ID)
	if errors.Is(err, flow.ErrNotFound) {
		// Written by another instance, and not confirmed by a majority yet: it may still go.
		err = apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "the same conversion is just being stored; try again")
	}
	return stored, false, err
}

// Conversion returns a conversion by its id, or flow.ErrNotFound.
func (s *Store) Conversion(ctx context.Context, id string) (rules.Conversion, error) {
	var document conversionDocument
	err := s.db.Collection(conversions).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&document)
	return document.decode(), readFailure("reading a conversion", err)
}

// Conversions returns the conversions that a query selects, without the grounds of their decisions.
func (s *Store) Conversions(ctx context.Context, q listing.Query) ([]rules.Conversion, error) {
	filter, order := bsonquery.Build(q)
	cursor, err := s.db.Collection(conversions).Find(ctx, filter,
		options.Find().SetSort(order).SetLimit(int64(q.Limit)).SetProjection(bson.D{{Key: "decision", Value: 0}}))
	if err != nil {
		return nil, readFailure("listing conversions", err)
	}
	var documents []conversionDocument
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, readFailure("listing conversions", err)
	}
	found := make([]rules.Conversion, len(documents))
	for i := range documents {
		found[i] = documents[i].decode()
	}
	return found, nil
}

// readFailure is the error of a read, nil included, as flow knows it.
func readFailure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return flow.ErrNotFound
	default:
		return mongodb.Failure(fmt.Errorf("%s: %w", doing, err))
	}
}

// Ping says whether the deployment has a primary that answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close writes what waits and disconnects.
func (s *Store) Close() error {
	s.clicks.Close()
	s.conversions.Close()
	return s.db.Close()
}
