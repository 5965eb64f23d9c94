package mongostore_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

func TestStore(t *testing.T) {
	for promise, reason := range mongotest.Exceptions("tracking") {
		t.Logf("exception: the promise %q is not kept here: %s", promise, reason)
	}
	storetest.Run(t, func(t testing.TB) func() flow.Store {
		uri := mongotest.URI(t)
		return func() flow.Store { return open(t, uri) }
	})
}

func open(t testing.TB, uri string) flow.Store {
	t.Helper()
	s, err := mongostore.Open(t.Context(), uri, mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return s
}

// TestIndexes checks which indexes a start leaves behind, a second start included.
func TestIndexes(t *testing.T) {
	uri := mongotest.URI(t)
	for range 2 {
		if err := open(t, uri).Close(); err != nil {
			t.Fatalf("closing: %v", err)
		}
	}
	db, err := mongodb.Open(t.Context(), uri, "tracking", mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for collection, want := range map[string][]string{
		"clicks":      {"time_1"},
		"conversions": {"conversion_time_1__id_1", "offer_1_conversion_time_1__id_1", "publisher_1_conversion_time_1__id_1", "pub_unique3_key_1_conversion_time_1__id_1", "status_1_conversion_time_1__id_1"},
	} {
		found := indexes(t, db, collection)
		for _, name := range want {
			if _, ok := found[name]; !ok {
				t.Errorf("%s has no index %s but %v", collection, name, found)
			}
		}
		if len(found) != len(want)+1 { // and that on _id
			t.Errorf("%s has the indexes %v, want %q", collection, found, want)
		}
	}
	const promise, seconds = "clicks expire", 400 * 24 * 60 * 60
	expiry := indexes(t, db, "clicks")["time_1"]
	if reason, excepted := mongotest.Exceptions("tracking")[promise]; excepted {
		t.Logf("exception: the promise %q is not kept here: %s", promise, reason)
	} else if expiry != seconds {
		t.Errorf("clicks expire after %d s, want %d", expiry, seconds)
	}
}

// indexes returns a collection's indexes by name, with their expiry in seconds.
func indexes(t *testing.T, db *mongodb.DB, collection string) map[string]int64 {
	t.Helper()
	cursor, err := db.Collection(collection).Indexes().List(t.Context())
	if err != nil {
		t.Fatalf("listing the indexes of %s: %v", collection, err)
	}
	var specifications []struct {
		Name   string `bson:"name"`
		Expiry int64  `bson:"expireAfterSeconds"`
	}
	if err := cursor.All(t.Context(), &specifications); err != nil {
		t.Fatalf("reading the indexes of %s: %v", collection, err)
	}
	found := map[string]int64{}
	for _, s := range specifications {
		found[s.Name] = s.Expiry
	}
	return found
}
