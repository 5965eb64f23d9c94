package sqlitestore

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestClockAheadDeletesNothing starts a store once with its clock 401 days ahead: nothing is deleted, not even
// after rows of that time are stored. Then time passes: old rows are deleted, and the log says so.
func TestClockAheadDeletesNothing(t *testing.T) {
	dir, present := t.TempDir(), time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	clock := present
	var log bytes.Buffer
	reopen := func(s *Store) *Store {
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		o := testOptions()
		o.Now, o.Log = func() time.Time { return clock }, slog.New(slog.NewTextHandler(&log, nil))
		s, err := Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	kept := func(s *Store, want ...int64) {
		t.Helper()
		for i, table := range []string{"clicks", "postbacks"} {
			var n int64
			if err := s.db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != want[i] {
				t.Errorf("%d %s (%v), want %d", n, table, err, want[i])
			}
		}
	}
	post := func(s *Store, at time.Time) {
		t.Helper()
		if err := s.InsertPostback(t.Context(), domain.Postback{ID: idAt(at), Offer: "10", Method: "GET", Time: at}); err != nil {
			t.Fatal(err)
		}
	}

	s := reopen(nil)
	storeClicks(t, s, 20, func(i int) time.Time { return present.Add(-time.Duration(i) * 19 * 24 * time.Hour) })
	for i := range 8 {
		post(s, present.Add(-time.Duration(i)*11*24*time.Hour))
	}
	countAll(t, s)
	s = reopen(s)
	kept(s, 20, 8)

	clock = present.Add(401 * 24 * time.Hour)
	s = reopen(s)
	kept(s, 20, 8)
	post(s, clock)
	storeClicks(t, s, 1, func(int) time.Time { return clock })
	clock = clock.Add(time.Hour)
	s.purge.deleteOld(t.Context(), s.purge.advance(t.Context()))
	kept(s, 21, 9)
	if log.Len() > 0 {
		t.Errorf("nothing was to be deleted, and the log says\n%s", &log)
	}

	for range 60 { // they are half a day apart, so each may advance a day
		clock = clock.Add(12 * time.Hour)
		s.purge.deleteOld(t.Context(), s.purge.advance(t.Context()))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "postbacks:1") || !strings.Contains(text, "clicks:1") {
		t.Errorf("the log says\n%s", text)
	}
}

func TestHorizon(t *testing.T) {
	day := 24 * time.Hour
	at := func(days float64) time.Time {
		return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(days * float64(day)))
	}
	for _, c := range []struct {
		about         string
		last          horizon
		clock, newest time.Time
		want          time.Time
	}{
		{"the first purge", horizon{}, at(9), at(5), at(5)},
		{"an hour later", horizon{at(5), at(5)}, at(5.25), at(5.25), at(5.25)},
		{"an hour later, behind", horizon{at(1), at(5)}, at(5.25), at(5.25), at(1.5)},
		{"a clock far ahead, and no row of its time", horizon{at(5), at(5)}, at(400), at(5.25), at(5.25)},
		{"a clock far ahead, and rows of its time", horizon{at(5), at(5)}, at(400), at(400), at(6)},
		{"a clock that was put back", horizon{at(6), at(400)}, at(5.5), at(400), at(6)},
		{"a store that was idle", horizon{at(5), at(5)}, at(20), at(4), at(5)},
	} {
		if got := c.last.next(c.clock, c.newest); !got.time.Equal(c.want) || !got.clock.Equal(c.clock) {
			t.Errorf("%s: %v, want %v", c.about, got, c.want)
		}
	}
}
