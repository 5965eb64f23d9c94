package mongodb

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/drivertest"
)

// TestSumAllByTheServer simulates a server's answer. On the tests' engine the sums are computed differently.
func TestSumAllByTheServer(t *testing.T) {
	group := func(id bson.D, count, empty, sum any) bson.D {
		return bson.D{{Key: "_id", Value: id}, {Key: "count", Value: count}, {Key: "empty", Value: empty}, {Key: "o0", Value: sum}}
	}
	server := drivertest.NewMockDeployment(bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: bson.A{
			group(bson.D{{Key: "b0", Value: "EUR"}, {Key: "b1", Value: "USD"}}, int64(3), int64(1), int64(70)),
			group(bson.D{{Key: "b1", Value: "USD"}}, int32(2), int32(0), int32(0)),
		}},
	}}})
	clientOptions := options.Client().SetRetryReads(false)
	clientOptions.Deployment = server //nolint:staticcheck // only tests of the driver's use need it
	client, err := mongo.Connect(clientOptions)
	if err != nil {
		t.Fatal(err)
	}
	db := onClient(t, client)
	sums, err := db.SumAll(t.Context(), "c", bson.D{}, Addition{By: []string{"amount.currency", "payout.currency"}, Of: []string{"amount.units"}, Empty: "click"})
	if err != nil || len(sums) != 2 {
		t.Fatalf("%+v (%v), want two sums", sums, err)
	}
	for i, want := range []Sum{{By: []string{"EUR", "USD"}, Of: []int64{70}, Count: 3, Empty: 1}, {By: []string{"", "USD"}, Of: []int64{0}, Count: 2}} {
		if got := sums[i]; got.By[0] != want.By[0] || got.By[1] != want.By[1] || got.Of[0] != want.Of[0] || got.Count != want.Count || got.Empty != want.Empty {
			t.Errorf("sum %d is %+v, want %+v", i, got, want)
		}
	}
}
