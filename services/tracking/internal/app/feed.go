package app

import (
	"cmp"
	"context"
	"sync/atomic"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// feedPage is how many events are read at once. It bounds what one watch holds in memory.
	feedPage = 250
	// feedPages is how many of the pages read last are kept for other watches.
	feedPages = 16
)

// Position is a place in the order in which conversions were stored and changed: the order of Major and then
// of Minor. What they count is the store's business. The zero Position is before all events.
type Position struct{ Major, Minor int64 }

// Compare returns less than 0 if p is before q, 0 if they are the same, and more if p is after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Major, q.Major), cmp.Compare(p.Minor, q.Minor))
}

// Event is the insertion of a conversion, or changes of one.
type Event struct {
	Position Position
	// Conversion is what is stored now, with its changes and conflicts, without its Basis.
	Conversion domain.Conversion
	// First and Last say what happened: 0 is the insertion, n the conversion's n-th change. First is after
	// Last if something else was written, such as a conflict.
	First, Last int
	// Revision is what the conversion had after the event.
	Revision int64
}

// conversion returns the conversion as the event left it.
func (e *Event) conversion() domain.Conversion {
	if e.Revision == e.Conversion.Revision {
		return e.Conversion
	}
	c := e.Conversion.AsOf(e.Last)
	c.Revision = e.Revision
	return c
}

// changes returns the changes that the event was.
func (e *Event) changes() []domain.Change {
	first, last := max(e.First-1, 0), min(e.Last, len(e.Conversion.Changes))
	if first >= last {
		return nil
	}
	return e.Conversion.Changes[first:last:last]
}

// feed reads events for all watches: one reads, and the others find in memory what it read.
type feed struct {
	store FeedStore
	// reading holds a token while somebody reads, or looks at what was read.
	reading chan struct{}
	// pages are the pages read last, the oldest first.
	pages []feedRun
	// quiet is a position that had no event after it when it was last looked at; quietAsks is how often that is
	// still answered without another look.
	quiet     Position
	quietAsks int64
	// watches is how many ask.
	watches atomic.Int64
}

// feedRun has all events after a position up to the last of its own, of which it has at least one.
type feedRun struct {
	after  Position
	events []Event
}

func newFeed(store FeedStore) *feed { return &feed{store: store, reading: make(chan struct{}, 1)} }

// next returns the first events after a position; none if it has none, or had none a moment ago. The caller
// must not change them.
func (f *feed) next(ctx context.Context, after Position) ([]Event, error) {
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
func (f *feed) held(after Position) []Event {
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
