package mongostore_test

import (
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// TestPlans asks the server how it would run what pages, exports and the console ask: by an index that is in order,
// or it is known to look at all, and then ends with its time limit. The embedded engine cannot say: on it there has to
// be an index that begins with the right field and goes on with those of the order.
func TestPlans(t *testing.T) {
	uri := mongotest.URI(t)
	if err := open(t, uri).Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	db, err := mongodb.Open(t.Context(), uri, "tracking", mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, p := range storetest.Plans() {
		if p.Scans != "" {
			continue
		}
		filter, order := bsonquery.Build(p.Query)
		by := p.By
		if by == "id" {
			by = "_id"
		}
		if mongotest.Engine() {
			if by != "_id" && !hasIndex(t, db, p.Of, by, order, p.Sorts != "") {
				t.Errorf("%s: there is no index by %s in its order", p, by)
			}
			continue
		}
		plan := mongotest.Explain(t, uri, "tracking", p.Of, filter, order, int64(p.Query.Limit))
		if plan.Scans || !slices.Contains(plan.Indexes, by) || plan.Sorts && p.Sorts == "" && by != "_id" {
			t.Errorf("%s: the plan is %+v, want one by %s", p, plan, by)
		}
	}
}

// hasIndex says whether a collection has an index that begins with a field and goes on with an order.
func hasIndex(t *testing.T, db *mongodb.DB, collection, by string, order bson.D, inAnyOrder bool) bool {
	t.Helper()
	specifications, err := db.Collection(collection).Indexes(t.Context())
	if err != nil {
		t.Fatalf("listing the indexes of %s: %v", collection, err)
	}
	var want []string
	if order[0].Key != by {
		want = append(want, by)
	}
	if !inAnyOrder {
		for _, o := range order {
			want = append(want, o.Key)
		}
	}
	return slices.ContainsFunc(specifications, func(specification bson.Raw) bool {
		var index struct {
			Key bson.D `bson:"key"`
		}
		if err := bson.Unmarshal(specification, &index); err != nil || len(index.Key) < len(want) {
			return false
		}
		for i, field := range want {
			if index.Key[i].Key != field {
				return false
			}
		}
		return true
	})
}
