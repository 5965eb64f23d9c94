package mongodb

import (
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestEnsureExpiry plays a server that has an index on the field, or has none; the tests' engine has no
// expiry.
func TestEnsureExpiry(t *testing.T) {
	ok := bson.D{{Key: "ok", Value: 1}}
	index := func(options ...bson.E) bson.D {
		return append(bson.D{{Key: "v", Value: 2}, {Key: "key", Value: bson.D{{Key: "time", Value: 1}}}, {Key: "name", Value: "time_1"}}, options...)
	}
	after := func(seconds int32) bson.E { return bson.E{Key: "expireAfterSeconds", Value: seconds} }
	for name, c := range map[string]struct {
		existing []bson.D
		want     []string
		expiry   []string
	}{
		"none":          {nil, []string{"listIndexes", "listIndexes", "createIndexes"}, []string{"indexes", "0", "expireAfterSeconds"}},
		"the same":      {[]bson.D{index(after(3600))}, []string{"listIndexes"}, nil},
		"another":       {[]bson.D{index(after(60))}, []string{"listIndexes", "collMod"}, []string{"index", "expireAfterSeconds"}},
		"one for order": {[]bson.D{index()}, []string{"listIndexes", "collMod"}, []string{"index", "expireAfterSeconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers := []bson.D{listed(c.existing...), ok}
			if len(c.existing) == 0 {
				answers = []bson.D{listed(), listed(), ok}
			}
			db, sent := playing(t, answers...)
			if err := db.EnsureExpiry(t.Context(), "c", "time", time.Hour); err != nil {
				t.Fatalf("EnsureExpiry: %v", err)
			}
			commands := sent()
			if got := names(commands); !slices.Equal(got, c.want) {
				t.Fatalf("the commands were %q, want %q", got, c.want)
			}
			if c.expiry == nil {
				return
			}
			last := commands[len(commands)-1]
			if seconds, _ := last.Lookup(c.expiry...).AsInt64OK(); seconds != 3600 {
				t.Errorf("the last command was %v, want an expiry of 3600 seconds", last)
			}
		})
	}
}

func TestEnsurePartialIndex(t *testing.T) {
	db, sent := playing(t, listed(), bson.D{{Key: "ok", Value: 1}})
	if err := db.EnsurePartialIndex(t.Context(), "c", bson.D{{Key: "state", Value: "DUE"}}, "due_time", "publisher"); err != nil {
		t.Fatalf("EnsurePartialIndex: %v", err)
	}
	commands := sent()
	last := commands[len(commands)-1]
	if state, _ := last.Lookup("indexes", "0", "partialFilterExpression", "state").StringValueOK(); state != "DUE" {
		t.Errorf("the last command was %v, want an index over what is DUE", last)
	}
	if name, _ := last.Lookup("indexes", "0", "name").StringValueOK(); name != "due_time_1_publisher_1" {
		t.Errorf("the index is called %q", name)
	}
}

// listed is a server's answer to listIndexes.
func listed(indexes ...bson.D) bson.D {
	return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: append([]bson.D{}, indexes...)},
	}}}
}

// names are the commands' names.
func names(commands []bson.Raw) []string {
	found := make([]string, len(commands))
	for i, command := range commands {
		elements, err := command.Elements()
		if err == nil && len(elements) > 0 {
			found[i] = elements[0].Key()
		}
	}
	return found
}
