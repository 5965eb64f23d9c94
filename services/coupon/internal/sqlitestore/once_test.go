package sqlitestore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// Old calls go as new ones come, a few at a time. A clock that is wrong once deletes none.
func TestOldCallsGo(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	start, calls := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), 0
	store := func(at time.Time) {
		t.Helper()
		calls++
		call := idempotency.Call{ID: fmt.Sprintf("id-%d", calls), Hash: "h", Time: at}
		if _, err := s.Once(t.Context(), call, func(context.Context, app.Store) (string, error) { return "a", nil }); err != nil {
			t.Fatal(err)
		}
	}
	want := func(n int) {
		t.Helper()
		var count int
		if err := s.db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM requests").Scan(&count); err != nil || count != n {
			t.Errorf("after %d calls %d are stored (%v), want %d", calls, count, err, n)
		}
	}
	for i := range 10 {
		store(start.Add(time.Duration(i) * time.Second))
	}
	ahead := start.Add(400 * 24 * time.Hour)
	store(ahead)
	want(11)
	for i := range 5 {
		store(ahead.Add(time.Duration(i) * time.Second))
	}
	want(6)
}
