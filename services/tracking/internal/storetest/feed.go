package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func feedPromises() []promise {
	return []promise{
		{"the feed tells of each insertion and change once, in their order", feedInOrder},
		{"what is stored late comes last in the feed and is counted, whatever its times are", lateWrites},
		{"followers of the feed miss nothing of what many write at once", feedRace},
	}
}

// follow reads the feed to its end, page by page.
func follow(t *testing.T, s Store, after domain.Position, limit int) []domain.Event {
	t.Helper()
	var all []domain.Event
	for {
		events, err := s.Events(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("reading the feed after %v: %v", after, err)
		}
		if len(events) == 0 {
			return all
		}
		if len(events) > limit {
			t.Fatalf("%d events are more than %d", len(events), limit)
		}
		for _, e := range events {
			if e.Position.Compare(after) <= 0 {
				t.Fatalf("after %v comes %v", after, e.Position)
			}
			after = e.Position
		}
		all = append(all, events...)
	}
}

func end(t *testing.T, s Store) domain.Position {
	t.Helper()
	last, err := s.LastPosition(t.Context())
	if err != nil {
		t.Fatalf("reading the last position: %v", err)
	}
	return last
}

// approve adds a change to a conversion, made at a time.
func approve(t *testing.T, s Store, id string, at time.Time) {
	t.Helper()
	_, err := s.UpdateConversion(t.Context(), id, func(c domain.Conversion) (domain.Update, error) {
		change := domain.Change{Number: len(c.Changes) + 1, Kind: domain.ChangeApprove, By: domain.By{Actor: "admin", Time: at}, From: c.State(), To: c.State()}
		c.Changes = append(c.Changes[:len(c.Changes):len(c.Changes)], change)
		c.UpdateTime, c.Revision = at, c.Revision+1
		return domain.Update{Conversion: c}, nil
	})
	if err != nil {
		t.Errorf("changing %s: %v", id, err)
	}
}

func feedInOrder(t *testing.T, fresh Fresh) {
	open := fresh(t)
	s := open(calendar(t))
	if got := end(t, s); got != (domain.Position{}) || len(follow(t, s, got, 10)) > 0 {
		t.Errorf("an empty feed ends at %v", got)
	}
	for n := range 4 {
		insertNew(t, s, sale(n))
	}
	middle := end(t, s)
	approve(t, s, sale(1).ID, at(20))
	insertNew(t, s, sale(4))
	follow(t, s, domain.Position{}, 3) // on some stores the events get their numbers now
	approve(t, s, sale(1).ID, at(10))
	approve(t, s, sale(4).ID, at(11))
	update(t, s, sale(0).ID, func(c domain.Conversion) domain.Conversion { // nothing that is a change
		c.Conflicts, c.Conflicted = []domain.Conflict{fullConflict()}, true
		c.Revision++
		return c
	})
	name := s.FeedID()
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	s = closing(t, open(calendar(t)))
	if other := opened(t, fresh).FeedID(); name == "" || s.FeedID() != name || other == name {
		t.Errorf("the feed is %q, and after a restart %q; another database's is %q", name, s.FeedID(), other)
	}
	whole := follow(t, s, domain.Position{}, 2)
	if again := follow(t, s, domain.Position{}, 100); !reflect.DeepEqual(again, whole) {
		t.Errorf("read at once the feed is\n%+v, in pages\n%+v", again, whole)
	}
	told := map[string]int{} // the number of the event that comes next
	for _, e := range whole {
		c, err := s.Conversion(t.Context(), e.Conversion.ID)
		if c.Basis = nil; err != nil || !reflect.DeepEqual(withoutPlan(e.Conversion), withoutPlan(c)) {
			t.Errorf("%v has\n%+v, want (%v)\n%+v", e.Position, e.Conversion, err, c)
		}
		if e.First != told[c.ID] || e.Revision > c.Revision {
			t.Errorf("%v is of %s from %d, revision %d, want it from %d", e.Position, c.ID, e.First, e.Revision, told[c.ID])
		}
		told[c.ID] = max(told[c.ID], e.Last+1)
	}
	for n, want := range []int{1, 3, 1, 1, 2} {
		if got := told[sale(n).ID]; got != want {
			t.Errorf("sale %d has %d events, want %d", n, got, want)
		}
	}
	isConflict := func(e domain.Event) bool {
		return e.Conversion.ID == sale(0).ID && e.First == 1 && e.Last == 0 && e.Revision == 2
	}
	if !slices.ContainsFunc(whole, isConflict) {
		t.Errorf("the conflict of sale 0 is not among\n%+v", whole)
	}
	if rest := follow(t, s, middle, 100); rest[0].Conversion.ID != sale(1).ID || rest[0].First != 1 {
		t.Errorf("after four sales comes %+v", rest[0])
	}
	if got := end(t, s); got.Compare(whole[len(whole)-1].Position) < 0 {
		t.Errorf("the feed ends at %v, before its last event", got)
	}
}

// withoutPlan leaves out what the feed does.
func withoutPlan(c domain.Conversion) domain.Conversion {
	c.Unplanned, c.PlanFrom = false, 0
	return c
}

// lateWrites stores things with times of a minute and an hour ago, as after a slow write or with a clock that was
// put back, and with times of a clock that is ahead.
func lateWrites(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 100)
	s := opened(t, fresh)
	now := time.Now().UTC().Truncate(time.Millisecond)
	store := func(n int, at time.Time) {
		c := sale(n)
		c.CreateTime, c.UpdateTime = at, at
		insertNew(t, s, c)
		click := h.newClick()
		click.ID, click.Time = idAt(at), at
		insertClick(t, s, click)
		h.clicks = append(h.clicks, click)
	}
	store(0, now)
	h.check(s)
	last := end(t, s)
	for n, off := range []time.Duration{-time.Minute, -time.Hour, time.Hour, -59 * time.Minute} {
		store(n+1, now.Add(off))
		approve(t, s, sale(0).ID, now.Add(off))
		events := follow(t, s, last, 10)
		if len(events) != 2 || events[0].Conversion.ID == events[1].Conversion.ID {
			t.Errorf("of a sale and a change by a clock that is off by %s the feed tells %d events: %+v", off, len(events), events)
			continue
		}
		last = events[1].Position
		h.check(s)
	}
	if cells := cellsOf(t, s, allSpans(), nil); len(added(cells)) == 0 {
		t.Error("nothing is counted")
	}
}

// feedRace has followers read while many write, and again from the beginning when all is written.
func feedRace(t *testing.T, fresh Fresh) {
	const writers, followers, each = 4, 2, 6
	s := opened(t, fresh)
	var writing sync.WaitGroup
	writing.Add(writers)
	wrote := make(chan struct{}, writers*each)
	feeds := make([][]domain.Event, followers)
	together(writers+followers+1, func(i int) {
		switch {
		case i < writers:
			defer writing.Done()
			for n := range each {
				insertNew(t, s, sale(i*each+n))
				approve(t, s, sale(i*each+n/2).ID, at(i))
				wrote <- struct{}{}
			}
		case i < writers+followers:
			feed := &feeds[i-writers]
			for more := true; more; {
				_, more = <-wrote
				after := domain.Position{}
				if n := len(*feed); n > 0 {
					after = (*feed)[n-1].Position
				}
				*feed = append(*feed, follow(t, s, after, 7)...)
			}
		default:
			writing.Wait()
			close(wrote)
		}
	})
	want := places(follow(t, s, domain.Position{}, 50))
	next := map[string]int{}
	for _, e := range follow(t, s, domain.Position{}, 50) {
		if e.First != next[e.Conversion.ID] {
			t.Errorf("%v: event %d of %s, want %d", e.Position, e.First, e.Conversion.ID, next[e.Conversion.ID])
		}
		next[e.Conversion.ID] = e.Last + 1
	}
	for n := range writers * each {
		c, err := s.Conversion(t.Context(), sale(n).ID)
		if err != nil || next[c.ID] != len(c.Changes)+1 {
			t.Errorf("sale %d has %d events, %d changes (%v)", n, next[c.ID], len(c.Changes), err)
		}
	}
	for _, feed := range feeds {
		if got := places(feed); !reflect.DeepEqual(got, want) {
			t.Errorf("a follower was told\n%v, want\n%v", got, want)
		}
	}
}

func places(events []domain.Event) []string {
	return texts(events, func(e domain.Event) string {
		return fmt.Sprint(e.Position, e.Conversion.ID, e.First, e.Last, e.Revision)
	})
}
