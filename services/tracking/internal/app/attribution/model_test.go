package attribution_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// TestHistories: whatever comes in whatever order, the totals of the report are those of a naive model, and
// so are the answers, the journal, the histories of conversions, and what publishers are told.
func TestHistories(t *testing.T) {
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	stage := stage{t: t, store: store}
	propertytest.Check(t, func(rt *rapid.T) { stage.play(histories().Draw(rt, "history")) })
}

// mongoHistories is how many histories are played on MongoDB, whose test engine is slow.
const mongoHistories = 6

// TestHistoriesOnMongoDB: the same histories come to the same there.
func TestHistoriesOnMongoDB(t *testing.T) {
	store, err := mongostore.Open(t.Context(), mongotest.URI(t), mongostore.Options{Retention: 90 * 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	stage := stage{t: t, store: store}
	for seed := range mongoHistories {
		stage.play(histories().Example(seed))
	}
}

// closing closes a store when the test ends.
func closing(t *testing.T, store storetest.Store) {
	t.Helper()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// stage is a store that histories are played on.
type stage struct {
	t     *testing.T
	store storetest.Store
	// worlds counts the histories: each has offers of its own in the one store.
	worlds int
}

func (s *stage) try(history []operation) *difference {
	s.worlds++
	return play(s.t.Context(), s.store, newWorld(s.t, fmt.Sprint("h", s.worlds)), history)
}

// play fails the test if the product and the model disagree on a history. It tells the shortest that it finds,
// in words, and as it is to be given to try.
func (s *stage) play(history []operation) {
	s.t.Helper()
	found := s.try(history)
	if found == nil {
		return
	}
	history = shortened(history, func(shorter []operation) bool {
		again := s.try(shorter)
		return again != nil && again.kind == found.kind
	})
	if again := s.try(history); again != nil {
		found = again
	}
	s.t.Fatalf("%s\nThe history:\n  %s\n%#v", found.text, strings.Join(found.steps, "\n  "), history)
}
