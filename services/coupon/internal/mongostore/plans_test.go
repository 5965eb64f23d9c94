package mongostore_test

import (
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// TestPlans checks that the server runs the queries of pages and of the console on an index in order. The
// embedded engine cannot explain queries; there the index only has to exist.
func TestPlans(t *testing.T) {
	uri := mongotest.URI(t)
	store, err := mongostore.Open(t.Context(), uri, mongotest.Options()...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	db, err := mongodb.Open(t.Context(), uri, "coupon", mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, p := range storetest.Plans() {
		filter, order := bsonquery.Build(p.Query)
		if p.By == "id" {
			p.By = "_id"
		}
		if !mongotest.Engine() {
			if plan := mongotest.Explain(t, uri, "coupon", p.Of, filter, order, int64(p.Query.Limit)); plan.Scans || plan.Sorts || !slices.Contains(plan.Indexes, p.By) {
				t.Errorf("%+v: the plan is %+v, want one by %s", p, plan, p.By)
			}
			continue
		}
		specifications, err := db.Collection(p.Of).Indexes(t.Context())
		if err != nil {
			t.Fatalf("listing the indexes of %s: %v", p.Of, err)
		}
		if !slices.ContainsFunc(specifications, func(specification bson.Raw) bool {
			first, err := specification.Lookup("key").Document().IndexErr(0)
			return err == nil && first.Key() == p.By
		}) {
			t.Errorf("%+v: there is no index by %s", p, p.By)
		}
	}
}
