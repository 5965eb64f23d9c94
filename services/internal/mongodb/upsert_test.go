package mongodb

import (
	"context"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/drivertest"
)

// TestUpsertAllAgain simulates a server's answers to upserts of documents that another caller inserts at the same
// moment. Only refused upserts are sent again. The tests' engine has no such race.
func TestUpsertAllAgain(t *testing.T) {
	refused := bson.D{
		{Key: "ok", Value: 1},
		{Key: "n", Value: 1},
		{Key: "writeErrors", Value: bson.A{bson.D{{Key: "index", Value: 1}, {Key: "code", Value: 11000}, {Key: "errmsg", Value: "E11000 duplicate key error"}}}},
	}
	refusedAgain := bson.D{
		{Key: "ok", Value: 1},
		{Key: "n", Value: 0},
		{Key: "writeErrors", Value: bson.A{bson.D{{Key: "index", Value: 0}, {Key: "code", Value: 11000}, {Key: "errmsg", Value: "E11000 duplicate key error"}}}},
	}
	done := bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 2}}
	invalid := bson.D{
		{Key: "ok", Value: 1},
		{Key: "n", Value: 0},
		{Key: "writeErrors", Value: bson.A{bson.D{{Key: "index", Value: 0}, {Key: "code", Value: 121}, {Key: "errmsg", Value: "Document failed validation"}}}},
	}
	for name, c := range map[string]struct {
		answers []bson.D
		// asked has the ids in each call, in order.
		asked string
		fails bool
	}{
		"nobody else":               {[]bson.D{done}, "ab", false},
		"inserted meanwhile, below": {[]bson.D{refused, done}, "ab b", false},
		"there, and not below":      {[]bson.D{refused, refusedAgain}, "ab b", false},
		"refused for another fault": {[]bson.D{refused, invalid}, "ab b", true},
		"refused at once":           {[]bson.D{invalid}, "ab", true},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			clientOptions := options.Client().SetRetryWrites(false).SetMonitor(&event.CommandMonitor{
				Started: func(_ context.Context, e *event.CommandStartedEvent) { asked = append(asked, idsOf(t, e.Command)) },
			})
			clientOptions.Deployment = drivertest.NewMockDeployment(c.answers...) //nolint:staticcheck // only tests of the driver's use need it
			client, err := mongo.Connect(clientOptions)
			if err != nil {
				t.Fatal(err)
			}
			db := onClient(t, client)
			var upserts []Upsert
			for _, id := range []string{"b", "a"} {
				upserts = append(upserts, Upsert{ID: id, Below: bson.E{Key: "n", Value: int64(5)}, Update: bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: 1}}}}})
			}
			if err := db.UpsertAll(t.Context(), "c", upserts); (err != nil) != c.fails {
				t.Errorf("UpsertAll returned %v", err)
			}
			if got := strings.Join(asked, " "); got != c.asked {
				t.Errorf("the server was asked for %q, want %q", got, c.asked)
			}
		})
	}
}

// idsOf returns the ids of the documents that a command updates, in order.
func idsOf(t *testing.T, command bson.Raw) string {
	t.Helper()
	var update struct {
		Updates []struct {
			Q struct {
				ID string `bson:"_id"`
			} `bson:"q"`
		} `bson:"updates"`
	}
	if err := bson.Unmarshal(command, &update); err != nil {
		t.Errorf("%s: %v", command, err)
	}
	ids := ""
	for _, u := range update.Updates {
		ids += u.Q.ID
	}
	return ids
}
