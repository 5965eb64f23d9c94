package mongostore_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

func TestSharding(t *testing.T) {
	uri := mongotest.URI(t)
	store, err := mongostore.Open(t.Context(), uri, mongotest.Options()...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	mongotest.CheckSharding(t, "../../../../docs/mongodb.md", uri, "coupon")
}
