package mongodb_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// More updates than the tests' engine takes in one call are all done, and where the storage fails they
// are Unavailable.
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
