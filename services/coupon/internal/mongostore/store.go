// Package mongostore stores the coupon service's state in MongoDB. Several instances can share it.
//
// Only the service's wiring may import it.
package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/idempotency/mongocalls"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/stripes"
)

// Store is an app.Store on the database `coupon` of a MongoDB deployment.
type Store struct {
	db             *mongodb.DB
	offers         *collection[domain.Offer, offerDocument]
	publishers     *collection[domain.Publisher, publisherDocument]
	approvals      *collection[domain.Approval, approvalDocument]
	coupons        *collection[domain.Coupon, couponDocument]
	keys           *collection[domain.Key, keyDocument]
	postbackTokens *collection[domain.PostbackToken, postbackTokenDocument]
	trail          *trail
	// locking has a lock for each offer, by id. Changes of an offer or its coupons take it before they lock
	// the offer in the database.
	locking *stripes.Stripes
	// within means that all calls are part of a transaction, which their context has: the Store is one that Once
	// passes on.
	within bool
}

var _ app.Store = (*Store)(nil)

// Open connects to the deployment at a URI, as mongodb.Open does, and migrates the schema.
func Open(ctx context.Context, uri string, opts ...mongodb.Option) (*Store, error) {
	db, err := mongodb.Open(ctx, uri, "coupon", opts...)
	if err != nil {
		return nil, fmt.Errorf("opening the coupon store: %w", err)
	}
	if err := prepare(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the coupon store: %w", mongodb.StartFailure(err)), db.Close())
	}
	store := &Store{
		db:             db,
		offers:         offersOf(db),
		publishers:     publishersOf(db),
		approvals:      approvalsOf(db),
		coupons:        couponsOf(db),
		keys:           keysOf(db),
		postbackTokens: postbackTokensOf(db),
		trail:          &trail{db: db, entries: entriesOf(db)},
		locking:        stripes.New(),
	}
	store.offers.trail, store.publishers.trail, store.approvals.trail = store.trail, store.trail, store.trail
	store.coupons.trail, store.keys.trail, store.postbackTokens.trail = store.trail, store.trail, store.trail
	return store, nil
}

// prepare migrates the schema and creates the indexes. Indexes are not migrations: creating an existing index
// does nothing, and an index that an operator dropped comes back at the next start.
func prepare(ctx context.Context, db *mongodb.DB) error {
	if err := db.Migrate(ctx, migrations()); err != nil {
		return err
	}
	for name, indexes := range map[string][]mongo.IndexModel{
		"offers":          {mongodb.UniqueIndex("postback_token"), mongodb.Index("previous_postback_token")},
		"keys":            {mongodb.UniqueIndex("secret_hash"), mongodb.Index("previous_secret_hash"), mongodb.Index("create_time", "_id")},
		"postback_tokens": {mongodb.UniqueIndex("token_hash"), mongodb.Index("offer", "create_time", "_id")},
		"approvals":       {mongodb.Index("offer", "_id"), mongodb.Index("publisher", "_id")},
		"coupons": {
			mongodb.Index("code_key", "offer", "publisher"),
			mongodb.Index("publisher", "create_time", "_id"),
			mongodb.Index("offer", "create_time", "_id"),
			mongodb.Index("create_time", "_id"),
		},
	} {
		if err := db.EnsureIndexes(ctx, name, indexes...); err != nil {
			return err
		}
	}
	if err := db.EnsureExpiry(ctx, mongocalls.Collection, mongocalls.CreateTime, idempotency.Lifetime); err != nil {
		return err
	}
	db.AwaitIndexes(ctx)
	return nil
}

// Ping returns an error if the store cannot be reached.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close waits for running operations and disconnects.
func (s *Store) Close() error { return s.db.Close() }
