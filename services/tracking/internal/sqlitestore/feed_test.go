package sqlitestore

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// TestRestoredFeedsHaveAnotherName renames the feed of a file, which changes nothing else.
func TestRestoredFeedsHaveAnotherName(t *testing.T) {
	dir := t.TempDir()
	open := func() *Store {
		s, err := Open(t.Context(), dir, Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	storeSome(t, s, 0, 3)
	before := s.FeedID()
	if err := RenameFeed(t.Context(), filepath.Join(dir, "tracking.db")); err == nil {
		t.Error("a file that is open was changed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := RenameFeed(t.Context(), filepath.Join(dir, "tracking.db")); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close()
	if after := s.FeedID(); after == before || len(after) != len(before) {
		t.Errorf("the feed %s is %q after it was renamed", before, after)
	}
	if last, err := s.LastPosition(t.Context()); err != nil || last.Major != 3 {
		t.Errorf("the feed ends at %v, %v", last, err)
	}
}
