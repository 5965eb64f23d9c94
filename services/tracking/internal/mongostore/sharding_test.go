package mongostore_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/mongotest"
)

func TestSharding(t *testing.T) {
	uri := mongotest.URI(t)
	store := open(t, uri)
	if err := store.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	mongotest.CheckSharding(t, "../../../../docs/mongodb.md", uri, "tracking")
}
