package conversions

import (
	"context"
	"sync/atomic"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// feedPage is how many events are read at once. It bounds what one watch holds in memory.
	feedPage = 250
	// feedPages is how many of the latest pages are kept for other watches.
	feedPages = 16
)

// feed reads events for all watches: one watch reads, and the others get its pages from memory.
type feed struct {
	store FeedStore
	// reading holds a token while a watch reads, or looks at pages.
	reading chan struct{}
	// pages are the pages read last, the oldest first.
	pages []feedRun
	// quiet is a position that had no event after it when it was last looked at; quietAsks is how often that is
	// still answered without another look.
	quiet     domain.Position
	quietAsks int64
	// watches is how many watches there are.
	watches atomic.Int64
}

// feedRun has all events after a position, up to its last; it has at least one.
type feedRun struct {
	after  domain.Position
	events []domain.Event
}

func newFeed(store FeedStore) *feed { return &feed{store: store, reading: make(chan struct{}, 1)} }

// next returns the first events after a position, or nil if the last look, a moment ago, found nothing. The
// caller must not change them.
func (f *feed) next(ctx context.Context, after domain.Position) ([]domain.Event, error) {
	select {
	case f.reading <- struct{}{}:
		defer func() { <-f.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if events := f.held(after); len(events) > 0 {
		return events, nil
	}
	if after == f.quiet && f.quietAsks > 0 {
		f.quietAsks--
		return nil, nil
	}
	events, err := f.store.Events(ctx, after, feedPage)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		f.quiet, f.quietAsks = after, f.watches.Load()-1 // each asks once in an interval
		return nil, nil
	}
	if len(f.pages) == feedPages {
		f.pages = append(f.pages[:0], f.pages[1:]...)
	}
	f.pages = append(f.pages, feedRun{after: after, events: events})
	return events, nil
}

// held returns the events after a position that are in memory.
func (f *feed) held(after domain.Position) []domain.Event {
	for _, run := range f.pages {
		if after.Compare(run.after) < 0 || run.events[len(run.events)-1].Position.Compare(after) <= 0 {
			continue
		}
		for i := range run.events {
			if run.events[i].Position.Compare(after) > 0 {
				return run.events[i:]
			}
		}
	}
	return nil
}
