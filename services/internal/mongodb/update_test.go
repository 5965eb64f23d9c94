package mongodb_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// TestUpdateAll checks that more updates than the tests' engine takes in one call are all done, and are Unavailable if
// the storage fails.
func TestUpdateAll(t *testing.T) {
	db := open(t, mongotest.URI(t))
	things := db.Collection("things")
	var updates []mongo.WriteModel
	for i := range 110 {
		if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: i}}); err != nil {
			t.Fatal(err)
		}
		updates = append(updates, mongo.NewUpdateOneModel().
			SetFilter(bson.D{{Key: "_id", Value: i}}).SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: i}}}}))
	}
	for _, some := range [][]mongo.WriteModel{nil, updates} {
		if err := db.UpdateAll(t.Context(), "things", some); err != nil {
			t.Errorf("UpdateAll of %d: %v", len(some), err)
		}
	}
	n, err := things.CountDocuments(t.Context(), bson.D{{Key: "n", Value: bson.D{{Key: "$exists", Value: true}}}})
	if err != nil || n != 110 {
		t.Errorf("%d of 110 were updated (%v)", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.UpdateAll(t.Context(), "things", updates); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("UpdateAll after Close: %v, want Unavailable", err)
	}
}

// TestUpsertAll checks that an upsert inserts a missing document, updates one that is below, and leaves any other.
func TestUpsertAll(t *testing.T) {
	db := open(t, mongotest.URI(t))
	things := db.Collection("things")
	for id, n := range map[string]int{"low": 1, "high": 9} {
		if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "n", Value: n}}); err != nil {
			t.Fatal(err)
		}
	}
	var upserts []mongodb.Upsert
	for _, id := range []string{"high", "low", "new", "high"} {
		upserts = append(upserts, mongodb.Upsert{
			ID: id, Below: bson.E{Key: "n", Value: int64(5)},
			Update: bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: 5}}}},
		})
	}
	for _, some := range [][]mongodb.Upsert{nil, upserts, upserts} {
		if err := db.UpsertAll(t.Context(), "things", some); err != nil {
			t.Fatalf("UpsertAll of %d: %v", len(some), err)
		}
	}
	for id, want := range map[string]int{"low": 5, "high": 9, "new": 5} {
		var got struct {
			N int `bson:"n"`
		}
		if err := things.FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&got); err != nil || got.N != want {
			t.Errorf("%s is %d (%v), want %d", id, got.N, err, want)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.UpsertAll(t.Context(), "things", upserts); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("UpsertAll after Close: %v, want Unavailable", err)
	}
}

func TestSumAll(t *testing.T) {
	db := open(t, mongotest.URI(t))
	money := func(currency string, units int64) bson.D {
		return bson.D{{Key: "currency", Value: currency}, {Key: "units", Value: units}}
	}
	for i, d := range []bson.D{
		{{Key: "click", Value: ""}, {Key: "amount", Value: money("EUR", 5)}},
		{{Key: "click", Value: "c"}, {Key: "amount", Value: money("EUR", 6)}},
		{{Key: "click", Value: ""}},
		{{Key: "click", Value: ""}, {Key: "amount", Value: money("USD", -7)}},
		{{Key: "click", Value: "left out"}, {Key: "amount", Value: money("USD", 100)}},
	} {
		if _, err := db.Collection("sales").InsertOne(t.Context(), append(d, bson.E{Key: "_id", Value: i})); err != nil {
			t.Fatal(err)
		}
	}
	filter := bson.D{{Key: "click", Value: bson.D{{Key: "$ne", Value: "left out"}}}}
	sums, err := db.SumAll(t.Context(), "sales", filter, mongodb.Addition{By: []string{"amount.currency"}, Of: []string{"amount.units"}, Empty: "click"})
	if err != nil || len(sums) != 3 {
		t.Fatalf("%+v (%v), want three sums", sums, err)
	}
	want := map[string][3]int64{"EUR": {11, 2, 1}, "": {0, 1, 1}, "USD": {-7, 1, 1}}
	for _, s := range sums {
		if got := [3]int64{s.Of[0], s.Count, s.Empty}; got != want[s.By[0]] {
			t.Errorf("%q: %v, want %v", s.By[0], got, want[s.By[0]])
		}
	}
}
