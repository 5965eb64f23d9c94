package mongostore_test

import (
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// retention is how long the tests' stores keep the journal.
const retention = 90 * 24 * time.Hour

func TestStore(t *testing.T) {
	for promise, reason := range mongotest.Exceptions("tracking") {
		t.Logf("exception: the promise %q is not kept here: %s", promise, reason)
	}
	storetest.Run(t, func(t testing.TB) func(rollup.Calendar) storetest.Store {
		uri, clock := mongotest.URI(t), &passing{now: time.Now()}
		return func(calendar rollup.Calendar) storetest.Store { return openPassing(t, uri, calendar, clock) }
	})
}

// TestLastUseOfTwoInstances checks reservations and sales of two instances on one database.
func TestLastUseOfTwoInstances(t *testing.T) {
	if !keptAsPromised(t, "two instances never sell a use twice") {
		return
	}
	storetest.LastUseOfTwo(t, func(t *testing.T) (a, b storetest.Store) {
		uri := mongotest.URI(t)
		a, b = open(t, uri), open(t, uri)
		t.Cleanup(func() {
			if err := errors.Join(a.Close(), b.Close()); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
		return a, b
	})
}

func open(t testing.TB, uri string) storetest.Store {
	t.Helper()
	s, err := mongostore.Open(t.Context(), uri, options(rollup.NewCalendar(time.UTC)), mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return s
}

func options(calendar rollup.Calendar) mongostore.Options {
	return mongostore.Options{Retention: retention, Calendar: calendar, Now: time.Now}
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
		"clicks": {"time_1", "batch_1"},
		"conversions": {
			"conversion_time_1__id_1", "offer_1_conversion_time_1__id_1", "publisher_1_conversion_time_1__id_1",
			"pub_unique3_key_1_conversion_time_1__id_1", "status_1_conversion_time_1__id_1", "transaction_id_1_conversion_time_1__id_1", "update_time_1__id_1", "plan_from_1", "conflicted_1_conversion_time_1__id_1", "feed_from_1",
		},
		"postbacks":    {"create_time_1", "create_time_1__id_1", "conversion_1", "transaction_id_1_create_time_1__id_1"},
		"deliveries":   {"finish_time_1", "create_time_1__id_1", "publisher_1_create_time_1__id_1", "conversion_1", "due_time_1_publisher_1", "state_1_create_time_1__id_1"},
		"coupon_uses":  {"begin_time_1"},
		"reservations": {"expire_time_1", "coupon_1_expire_time_1"},
		"feed":         {"told_1__id_1"},
		"answers":      {"kind_1_ask_time_1"},
		"deferred":     {"conversion_1", "reason_1_due_time_1"},
		"figures":      {"generation_1_cube_1_period_1", "generation_1_cube_1_coupon_code_1_period_1", "generation_1_cube_1_publisher_1_period_1", "generation_1_cube_1_offer_1_period_1"},

		"saved_reports":      {"display_name_1__id_1"},
		"offer_scans":        {"create_time_1", "offer_1__id_1", "state_1_free_time_1", "slot_1"},
		"offer_scan_results": {"create_time_1", "scan_1_coupon_1", "scan_1_severity_1"},
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
	if keptAsPromised(t, "what is old expires") {
		const day = 24 * 60 * 60
		for collection, want := range map[string]int64{"clicks": 400 * day, "postbacks": 90 * day, "deliveries": 90 * day, "coupon_uses": 400 * day, "offer_scans": 90 * day, "offer_scan_results": 90 * day, "reservations": 30 * day} {
			for name, index := range indexes(t, db, collection) {
				if index.Expiry != 0 && index.Expiry != want {
					t.Errorf("%s of %s expires after %d s, want %d", name, collection, index.Expiry, want)
				}
			}
		}
	}
	if keptAsPromised(t, "indexes leave out what is done") {
		for collection, names := range map[string][]string{
			"clicks": {"batch_1"}, "conversions": {"plan_from_1", "conflicted_1_conversion_time_1__id_1", "feed_from_1"}, "deliveries": {"due_time_1_publisher_1", "state_1_create_time_1__id_1"}, "reservations": {"coupon_1_expire_time_1"},
		} {
			for _, name := range names {
				if index := indexes(t, db, collection)[name]; len(index.Partial) == 0 {
					t.Errorf("%s of %s is not partial: %+v", name, collection, index)
				}
			}
		}
	}
}

// keptAsPromised says whether the server can keep a promise, and logs why where it cannot.
func keptAsPromised(t *testing.T, promise string) bool {
	t.Helper()
	reason, excepted := mongotest.Exceptions("tracking")[promise]
	if excepted {
		t.Logf("exception: the promise %q is not kept here: %s", promise, reason)
	}
	return !excepted
}

// index is what is looked at of an index. Expiry is in seconds.
type index struct {
	Name    string `bson:"name"`
	Expiry  int64  `bson:"expireAfterSeconds"`
	Partial bson.M `bson:"partialFilterExpression"`
}

// indexes returns a collection's indexes by name.
func indexes(t *testing.T, db *mongodb.DB, collection string) map[string]index {
	t.Helper()
	specifications, err := db.Collection(collection).Indexes(t.Context())
	if err != nil {
		t.Fatalf("listing the indexes of %s: %v", collection, err)
	}
	found := map[string]index{}
	for _, specification := range specifications {
		var i index
		if err := bson.Unmarshal(specification, &i); err != nil {
			t.Fatalf("reading an index of %s: %v", collection, err)
		}
		found[i.Name] = i
	}
	return found
}
