// Package mongostore stores the tracking service's clicks, conversions, journal and deliveries in MongoDB,
// shared by several instances.
//
// Only the tracking service's wiring and tests may import it; of ours it imports app, domain, and
// the shared packages that stores are made of.
package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/stripes"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/answers"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/offerscans"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/personal"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/savedreports"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/uses"
)

const (
	// maxWaiting is how many writes of a kind may wait for the batch under way; it is also the
	// largest batch. At some 2 KB each they stay far under the server's limit for one message.
	maxWaiting = 2048
	// maxWait is how long a sale may wait for the batches before its own; then it is refused.
	maxWait = 3 * time.Second
)

// The parts of the store.
type (
	offerScans      = offerscans.Store
	savedReports    = savedreports.Store
	couponAnswers   = answers.Store
	deferredReports = deferred.Store
	couponUses      = uses.Store
	sentDeliveries  = deliveries.Store
	personalData    = personal.Store
)

// Store keeps all that the tracking service stores, on the database `tracking` of a MongoDB deployment. Clicks, sales and the
// journal's other entries have a queue each, and each batch is one unordered insert.
type Store struct {
	*offerScans
	*savedReports
	*couponAnswers
	*deferredReports
	*couponUses
	*sentDeliveries
	*personalData

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

	// clickRetention is how long clicks are kept. keepsLonger says that the server keeps them longer until what is there is
	// counted.
	clickRetention time.Duration
	keepsLonger    atomic.Bool

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
	// ClickRetention is how long clicks are kept, in whole seconds, as of those that are there already; 0: 400 days.
	ClickRetention time.Duration
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
	if err := prepare(ctx, db, expiries{uses: useRetention, journal: o.Retention, deliveries: deliveryRetention, scans: scanRetention, reservations: reservationRetention}); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", mongodb.StartFailure(err)), db.Close())
	}
	s := newStore(db, o.Calendar, o.Now)
	s.clickRetention = cmp.Or(o.ClickRetention, clickRetention)
	var shorter bool
	if shorter, err = clickage.Prepare(ctx, db, s.clickRetention, s.now()); err == nil {
		s.keepsLonger.Store(shorter)
		s.feedID, err = s.nameFeed(ctx)
	}
	if err == nil {
		err = s.beginFigures(ctx)
	}
	if err == nil {
		err = s.addDiscounts(ctx)
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
	s.offerScans, s.savedReports, s.couponAnswers = offerscans.New(db), savedreports.New(db), answers.New(db)
	s.deferredReports, s.couponUses, s.sentDeliveries = deferred.New(db, s.InsertPostback), uses.New(db, s.taking), deliveries.New(db)
	s.personalData = personal.New(db, s)
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
	ctx, cancel := context.WithTimeout(context.Background(), mongodoc.WriteTimeout)
	defer cancel()
	return db.InsertAll(ctx, collection, batch)
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
	return mongodoc.One(ctx, s.db, clicks, id, (*clickDocument).decode)
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
