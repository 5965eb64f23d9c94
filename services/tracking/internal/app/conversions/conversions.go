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
	// ExportConversions calls each with the conversions that a query selects, as Conversions returns them, some
	// hundreds at a time, in order and from one consistent view: writes after the first call do not show. If each
	// takes long, a store may continue with a later view, which shows later changes but no more conversions. A
	// Limit of 0 or less means no limit, in this method only. Only one part is in memory at a time; it belongs to
	// each until each returns. ExportConversions returns each's error unchanged, or ctx's.
	ExportConversions(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error
}

// FeedStore reports the insertions and changes of conversions, each event once, and those of one conversion in
// order.
type FeedStore interface {
	// FeedID returns the feed's name. It is unique to the database, so that a position from another one is not
	// mistaken for one of this feed.
	FeedID() string
	// Events returns the first events after a position, at most limit. What is committed after Events or
	// LastPosition returned a position comes after it, regardless of when its write began and of its times. So a
	// reader that continues after the last event it has seen misses none and gets none twice.
	Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error)
	// LastPosition returns the position of the last event. Positions are never reused.
	LastPosition(ctx context.Context) (domain.Position, error)
}

// Config is what a Service works with.
type Config struct {
	Store Store
	Now   func() time.Time
	// After is time.After, for watches.
	After func(time.Duration) <-chan time.Time
	// Zone is the program's time zone. Dates in filters are its days.
	Zone *time.Location
}

// Service gets, lists, exports and watches conversions.
type Service struct {
	store  Store
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
	feed   *feed
	schema *listing.Schema
	// stopping is closed when watches and exports must end.
	stopping chan struct{}
	stopOnce sync.Once
}

// New returns the use cases that read conversions.
func New(c Config) *Service {
	return &Service{
		store: c.Store, now: c.Now, after: c.After, feed: newFeed(c.Store), schema: Schema(c.Zone), stopping: make(chan struct{}),
	}
}

// moment returns the time in UTC, in the stored precision.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }
