package mongostore_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

func TestPromises(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		uri := mongotest.URI(t)
		return func(t testing.TB) storetest.Store {
			t.Helper()
			store, err := mongostore.Open(t.Context(), uri, mongotest.Options()...)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			return store
		}
	}, mongotest.Exceptions("coupon"))
}
