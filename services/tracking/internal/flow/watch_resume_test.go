package flow_test

import (
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// TestWatchGetsOnThoughItBreaksOff lets much gather, and a watcher take it in streams that break off after
// two answers each: each gets further than the one before, and no change is left out, also none that was
// made before and after the place where a stream broke off.
func TestWatchGetsOnThoughItBreaksOff(t *testing.T) {
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rules.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	var clock atomic.Int64 // seconds after now
	s := flow.New(flow.Config{
		Store: store, Catalog: withRates(newCatalog(t)), PublicURL: "https://go.example.com", Zone: time.UTC, Wake: func() {},
		After: func(time.Duration) <-chan time.Time { return time.After(0) },
		Now:   func() time.Time { return now.Add(time.Duration(clock.Add(1)) * time.Second) },
	})
	errBroken := errors.New("broken off")
	var token string
	if err := s.Watch(t.Context(), "", "", func(n flow.News) error { token = n.ResumeToken; return errBroken }); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	want := map[string][]int{}
	var sales []rules.Conversion
	for i := range 20 {
		c := sold(t, s, "A-"+strconv.Itoa(i))
		sales, want[c.ID] = append(sales, c), []int{0}
		// One of the sales before is changed again and again: it is among the last, all its changes with it.
		for n, change := range []func(id string) (rules.Conversion, error){
			func(id string) (rules.Conversion, error) {
				return s.Reject(t.Context(), flow.Edit{ID: id, Reason: "test"})
			},
			func(id string) (rules.Conversion, error) { return s.Approve(t.Context(), flow.Edit{ID: id}) },
		} {
			if i%5 != n+2 {
				continue
			}
			changed, err := change(sales[i/5].ID)
			if err != nil {
				t.Fatal(err)
			}
			want[changed.ID] = append(want[changed.ID], len(changed.Changes))
		}
	}
	got := map[string][]int{}
	for range 40 {
		answers := 0
		err := s.Watch(t.Context(), "", token, func(n flow.News) error {
			if n.Conversion != nil && !slices.Contains(got[n.Conversion.ID], 0) && n.Created {
				got[n.Conversion.ID] = append(got[n.Conversion.ID], 0)
			}
			for _, change := range n.Changes {
				if !slices.Contains(got[n.Conversion.ID], change.Number) {
					got[n.Conversion.ID] = append(got[n.Conversion.ID], change.Number)
				}
			}
			token = n.ResumeToken
			if answers++; answers == 2 {
				return errBroken
			}
			return nil
		})
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
	}
	for id, numbers := range want {
		if !slices.Equal(got[id], numbers) {
			t.Errorf("%s: the watcher was told of the changes %v, not %v", id, got[id], numbers)
		}
	}
}
