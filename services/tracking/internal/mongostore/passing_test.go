package mongostore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// passing is a clock that stands still, except that it moves by at least a minute when things are counted. Otherwise most
// records would be too young to be counted in windows.
type passing struct {
	// writing is held by writes, and alone by who moves the clock: a write has its time and is done before
	// the clock goes on.
	writing sync.RWMutex
	mu      sync.Mutex
	now     time.Time
	// ahead is how far this clock is ahead of the times that callers pass to counts.
	ahead time.Duration
}

func (c *passing) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass moves the clock on and returns the time at which a count that is asked for at a time takes place.
func (c *passing) pass(asked time.Time) time.Time {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += time.Minute
	if now := asked.Add(c.ahead); now.After(c.now) {
		c.now = now
	}
	return c.now
}

// behind returns a time of the clock as those see it who ask for counts.
func (c *passing) behind(at time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return at.Add(-c.ahead)
}

// passingStore is a store by a clock that passes.
type passingStore struct {
	storetest.Store
	clock *passing
}

func openPassing(t testing.TB, uri string, calendar rollup.Calendar, clock *passing) storetest.Store {
	t.Helper()
	s, err := mongostore.Open(t.Context(), uri, mongostore.Options{Retention: retention, Calendar: calendar, Now: clock.time}, mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return &passingStore{Store: s, clock: clock}
}

func (s *passingStore) InsertClick(ctx context.Context, click domain.Click) error {
	s.clock.writing.RLock()
	defer s.clock.writing.RUnlock()
	return s.Store.InsertClick(ctx, click)
}

func (s *passingStore) InsertConversion(ctx context.Context, sale domain.Sale) (domain.Conversion, bool, error) {
	s.clock.writing.RLock()
	defer s.clock.writing.RUnlock()
	return s.Store.InsertConversion(ctx, sale)
}

func (s *passingStore) UpdateConversion(
	ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error),
) (domain.Conversion, error) {
	s.clock.writing.RLock()
	defer s.clock.writing.RUnlock()
	return s.Store.UpdateConversion(ctx, id, change)
}

func (s *passingStore) UpdateConversionOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (domain.Conversion, error) {
	s.clock.writing.RLock()
	defer s.clock.writing.RUnlock()
	return s.Store.UpdateConversionOnce(ctx, id, once, change)
}

func (s *passingStore) CountNew(ctx context.Context, now time.Time) (bool, error) {
	if more, err := s.Store.CountNew(ctx, s.clock.pass(now)); more || err != nil {
		return more, err
	}
	return s.Store.CountNew(ctx, s.clock.pass(now)) // by now everything is due
}

func (s *passingStore) Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) ([]rollup.Cell, time.Time, error) {
	cells, counted, err := s.Store.Cells(ctx, spans, where)
	return cells, s.clock.behind(counted), err
}
