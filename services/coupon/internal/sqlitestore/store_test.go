package sqlitestore_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
)

func TestPromises(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		dir := t.TempDir()
		return func(t testing.TB) storetest.Store {
			t.Helper()
			store, err := sqlitestore.Open(t.Context(), dir)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			return store
		}
	}, nil)
}
