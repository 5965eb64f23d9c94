package mongodb

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/drivertest"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestInsertAll simulates a server's answers to an unordered insert of four documents. The tests' engine never gives
// the mixed ones.
func TestInsertAll(t *testing.T) {
	const none, taken, unavailable, other = "none", "taken", "unavailable", "other"
	duplicate := func(index int) bson.D {
		return bson.D{{Key: "index", Value: index}, {Key: "code", Value: 11000}, {Key: "errmsg", Value: "E11000 duplicate key error"}}
	}
	invalid := bson.D{{Key: "index", Value: 3}, {Key: "code", Value: 121}, {Key: "errmsg", Value: "Document failed validation"}}
	noMajority := bson.D{{Key: "code", Value: 64}, {Key: "codeName", Value: "WriteConcernTimeout"}, {Key: "errmsg", Value: "waiting for replication timed out"}}
	for name, c := range map[string]struct {
		answer bson.D
		want   [4]string
	}{
		"all are stored": {
			bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 4}},
			[4]string{none, none, none, none},
		},
		"some are taken": {
			bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 2}, {Key: "writeErrors", Value: bson.A{duplicate(0), duplicate(2)}}},
			[4]string{taken, none, taken, none},
		},
		"one is taken, and one refused": {
			bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 2}, {Key: "writeErrors", Value: bson.A{duplicate(1), invalid}}},
			[4]string{none, taken, none, other},
		},
		"no majority confirms": {
			bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 3}, {Key: "writeErrors", Value: bson.A{duplicate(1)}}, {Key: "writeConcernError", Value: noMajority}},
			[4]string{unavailable, unavailable, unavailable, unavailable},
		},
		"the server does not take writes": {
			bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: 91}, {Key: "errmsg", Value: "shutting down"}},
			[4]string{unavailable, unavailable, unavailable, unavailable},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := drivertest.NewMockDeployment(c.answer)
			clientOptions := options.Client().SetRetryWrites(false)
			clientOptions.Deployment = server //nolint:staticcheck // only tests of the driver's use need it
			client, err := mongo.Connect(clientOptions)
			if err != nil {
				t.Fatal(err)
			}
			db := onClient(t, client)
			documents := []any{bson.D{{Key: "_id", Value: 1}}, bson.D{{Key: "_id", Value: 2}}, bson.D{{Key: "_id", Value: 3}}, bson.D{{Key: "_id", Value: 4}}}
			errs := db.InsertAll(t.Context(), "c", documents)
			if errs == nil {
				errs = make([]error, len(documents))
			}
			for i, err := range errs {
				got := other
				switch {
				case err == nil:
					got = none
				case IsUnique(err):
					got = taken
				case apperr.Is(err, apperr.Unavailable):
					got = unavailable
				}
				if got != c.want[i] {
					t.Errorf("document %d: %s (%v), want %s", i, got, err, c.want[i])
				}
			}
		})
	}
}
