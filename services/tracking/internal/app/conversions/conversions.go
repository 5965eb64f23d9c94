// Package conversions gets, lists, exports and watches conversions. Nothing here changes one: see attribution.
package conversions

import (
	"context"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Store reads conversions, and tells what happens to them.
type Store interface {
	FeedStore

	// Conversion returns a conversion by its id, whole.
	Conversion(ctx context.Context, id string) (domain.Conversion, error)
	// Conversions returns the conversions that a query selects, without what lists leave out.
	Conversions(ctx context.Context, q listing.Query) ([]domain.Conversion, error)
	// ExportConversions calls each with the conversions that a query selects, as Conversions has them,
	// some hundreds at a time, in order and from one consistent view: what is written after the first
	// call is not seen. If each takes long, a store may go on with a later view, in which there are changes made
	// since, but no more conversions. A Limit of 0 or less is none, in this method only. It holds no more than a part
	// in memory, which is each's until each returns. It ends with each's error as it is, or with ctx's.
	ExportConversions(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error
}

// FeedStore tells of conversions as they are inserted and changed, each event once, those of one conversion in
// their order.
type FeedStore interface {
	// FeedID returns the feed's name. No other database has it, so that a position of another is not taken for one
	// of this.
	FeedID() string
	// Events returns the first events after a position, at most limit. What is committed once Events or
	// LastPosition has returned a position comes after it, however long the write was under way and whatever
	// times it has: so whoever goes on from the last event that they know misses none and gets none twice.
	Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error)
	// LastPosition returns a position after which there is no event yet. Positions are never used again.
	LastPosition(ctx context.Context) (domain.Position, error)
}

// Config is what a Service works with.
type Config struct {
	Store Store
	Now   func() time.Time
	// After is time.After: by it watches wait.
	After func(time.Duration) <-chan time.Time
}

// Service gets, lists, exports and watches conversions.
type Service struct {
	store  Store
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
	feed   *feed
	schema *listing.Schema
	// stopping is closed when watches and exports have to end.
	stopping chan struct{}
	stopOnce sync.Once
}

// New returns the use cases that read conversions.
func New(c Config) *Service {
	return &Service{
		store: c.Store, now: c.Now, after: c.After, feed: newFeed(c.Store), schema: Schema(), stopping: make(chan struct{}),
	}
}

// moment returns the time, UTC, in the precision that is stored.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }
