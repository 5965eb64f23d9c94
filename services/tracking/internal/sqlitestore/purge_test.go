package sqlitestore

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// TestPurge checks that old clicks go, more than one job's worth, and nothing else does.
func TestPurge(t *testing.T) {
	s := openStore(t)
	boundary := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	old := storeClicks(t, s, purgeRows+5, func(i int) time.Time { return boundary.Add(-time.Duration(i+1) * time.Millisecond) })
	kept := storeClicks(t, s, 20, func(i int) time.Time { return boundary.Add(time.Duration(i) * time.Millisecond) })
	odd := rules.Click{ID: "no UUID", Offer: "10", Time: boundary}
	if err := s.InsertClick(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	purgeClicks(t.Context(), s.queue, boundary)
	for _, id := range old {
		if _, err := s.Click(t.Context(), id); err == nil {
			t.Errorf("the old click %s is still there", id)
		}
	}
	for _, id := range append(kept, odd.ID) {
		if _, err := s.Click(t.Context(), id); err != nil {
			t.Errorf("the click %s: %v", id, err)
		}
	}
}

// storeClicks stores n clicks, each at its time, and returns their ids.
func storeClicks(t *testing.T, s *Store, n int, at func(i int) time.Time) []string {
	t.Helper()
	ids := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		ids[i] = idAt(at(i))
		all.Go(func() {
			if err := s.InsertClick(t.Context(), rules.Click{ID: ids[i], Offer: "10", Time: at(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return ids
}

// idAt returns a UUIDv7 of a time.
func idAt(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (8 * (5 - i)))
	}
	return id.String()
}
