package sqlitestore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// Entries older than the newest by the retention are deleted, whatever the clock says; with 0 none are.
func TestEntriesAreKeptForTheirRetention(t *testing.T) {
	for retention, want := range map[time.Duration]int{0: 3, 48 * time.Hour: 2} {
		store, err := sqlitestore.Open(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = store.Close() }()
		if err := store.KeepEntries(t.Context(), retention); err != nil {
			t.Fatal(err)
		}
		for day := range 3 {
			at := time.Date(2020, 1, 1+2*day, 0, 0, -day, 0, time.UTC)
			ctx := audit.With(t.Context(), audit.Call{Time: at})
			if err := store.InsertPublisher(ctx, domain.Publisher{ID: fmt.Sprint(day), CreateTime: at, UpdateTime: at}); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := store.Entries(t.Context(), listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 10})
		if err != nil || len(entries) != want {
			t.Errorf("%s: got %d entries (%v), want %d", retention, len(entries), err, want)
		}
	}
}
