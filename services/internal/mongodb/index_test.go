package mongodb

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestEnsureExpiry uses a server with and without an index on the field. The tests' engine has no expiry.
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
			db.AwaitIndexes(t.Context())
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

func TestExpiry(t *testing.T) {
	index := bson.D{{Key: "v", Value: 2}, {Key: "key", Value: bson.D{{Key: "time", Value: 1}}}, {Key: "name", Value: "time_1"}}
	db, _ := playing(t, listed(index), listed(append(index, bson.E{Key: "expireAfterSeconds", Value: int32(60)})))
	if after, found, err := db.Expiry(t.Context(), "c", "time"); found || err != nil {
		t.Errorf("an index without an expiry: %s, %v", after, err)
	}
	if after, found, err := db.Expiry(t.Context(), "c", "time"); !found || after != time.Minute || err != nil {
		t.Errorf("an expiry of a minute: %s, %t, %v", after, found, err)
	}
}

func TestEnsurePartialIndex(t *testing.T) {
	db, sent := playing(t, listed(), bson.D{{Key: "ok", Value: 1}})
	if err := db.EnsurePartialIndex(t.Context(), "c", bson.D{{Key: "state", Value: "DUE"}}, "due_time", "publisher"); err != nil {
		t.Fatalf("EnsurePartialIndex: %v", err)
	}
	db.AwaitIndexes(t.Context())
	commands := sent()
	last := commands[len(commands)-1]
	if state, _ := last.Lookup("indexes", "0", "partialFilterExpression", "state").StringValueOK(); state != "DUE" {
		t.Errorf("the last command was %v, want an index over what is DUE", last)
	}
	if name, _ := last.Lookup("indexes", "0", "name").StringValueOK(); name != "due_time_1_publisher_1" {
		t.Errorf("the index is called %q", name)
	}
}

// TestEnsureIndexesCreatesWhatIsMissing uses a server that has indexes already. Those on the same fields with the same
// options count, whatever their names.
func TestEnsureIndexesCreatesWhatIsMissing(t *testing.T) {
	existing := func(name string, options ...bson.E) bson.D {
		return append(bson.D{{Key: "v", Value: 2}, {Key: "key", Value: bson.D{{Key: "a", Value: 1.0}, {Key: "_id", Value: 1}}}, {Key: "name", Value: name}}, options...)
	}
	ok, unique := bson.D{{Key: "ok", Value: 1}}, bson.E{Key: "unique", Value: true}
	for name, c := range map[string]struct {
		existing bson.D
		wanted   mongo.IndexModel
		creates  bool
	}{
		"the same":              {existing("a_1__id_1"), Index("a", "_id"), false},
		"under another name":    {existing("by_a"), Index("a", "_id"), false},
		"unique, another name":  {existing("by_a", unique), UniqueIndex("a", "_id"), false},
		"not unique, is wanted": {existing("by_a"), UniqueIndex("a", "_id"), true},
		"in another order":      {existing("by_a"), Index("_id", "a"), true},
		"over fewer":            {existing("by_a"), Index("a"), true},
	} {
		t.Run(name, func(t *testing.T) {
			db, sent := playing(t, listed(c.existing), ok)
			if err := db.EnsureIndexes(t.Context(), "c", c.wanted); err != nil {
				t.Fatalf("EnsureIndexes: %v", err)
			}
			db.AwaitIndexes(t.Context())
			commands := sent()
			if creates := slices.Contains(names(commands), "createIndexes"); creates != c.creates {
				t.Fatalf("the commands were %q, want createIndexes %v", names(commands), c.creates)
			}
			if quorum, _ := commands[len(commands)-1].Lookup("commitQuorum").StringValueOK(); c.creates && quorum != "majority" {
				t.Errorf("the index is ready with %q of the members, want a majority", quorum)
			}
		})
	}
}

// TestEnsureIndexesInTheWay uses a server that refuses an index because of another one. The error names both and says
// what to do. Only a unique index fails the start.
func TestEnsureIndexesInTheWay(t *testing.T) {
	other := bson.D{{Key: "key", Value: bson.D{{Key: "a", Value: 1}}}, {Key: "name", Value: "by_a"}, {Key: "unique", Value: true}}
	plain := bson.D{{Key: "key", Value: bson.D{{Key: "a", Value: 1}}}, {Key: "name", Value: "by_a"}}
	conflict := bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: 85}, {Key: "errmsg", Value: "exists with a different name"}}

	db, _ := playing(t, listed(plain), conflict, listed(plain))
	err := db.EnsureIndexes(t.Context(), "c", UniqueIndex("a"))
	for _, part := range []string{"by_a (not unique)", "a_1 (unique)", `db.c.dropIndex("by_a")`} {
		if err == nil || !strings.Contains(err.Error(), part) || apperr.As(err) != nil {
			t.Errorf("a unique index that cannot be created: %v, want an error of the operator's that has %q", err, part)
		}
	}

	db, _ = playing(t, listed(other), conflict, listed(other))
	var log bytes.Buffer
	db.log = slog.New(slog.NewTextHandler(&log, nil))
	if err := db.EnsureIndexes(t.Context(), "c", Index("a")); err != nil {
		t.Errorf("an index that makes queries fast and cannot be created: %v, want that it is only logged", err)
	}
	db.AwaitIndexes(t.Context())
	for _, part := range []string{"by_a (unique)", "a_1 (not unique)"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log is %q, want %q in it", log.String(), part)
		}
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
