package mongotest

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// CheckSharding compares the table in docs/mongodb.md, at path, with the indexes of a service's database. uri comes
// from URI. Each collection must be in the table, and each unique index of a collection that may be sharded must
// contain the shard key.
func CheckSharding(t testing.TB, path, uri, service string) {
	t.Helper()
	page, err := os.ReadFile(path) //nolint:gosec // the test's own path
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z*]+\\.[a-z_]+)` \\| (?:`([a-z_]+)` hashed|whole) \\|$").FindAllStringSubmatch(string(page), -1) {
		keys[row[1]] = row[2]
	}
	db, err := mongodb.Open(t.Context(), uri, service, Options()...)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, name := range Collections(t, uri, service) {
		key, ok := keys[service+"."+name]
		if !ok {
			key, ok = keys["*."+name]
		}
		if !ok {
			t.Errorf("the table in %s does not say how the collection %s.%s is sharded, or that it stays whole", path, service, name)
		}
		if key == "" {
			continue
		}
		for _, fields := range uniqueIndexes(t, db, name) {
			if !slices.Contains(fields, key) {
				t.Errorf("%s.%s may be sharded by %s, and has a unique index by %q, which would hold on each shard alone", service, name, key, fields)
			}
		}
	}
}

// uniqueIndexes returns the fields of each unique index of a collection, including the one on `_id`.
func uniqueIndexes(t testing.TB, db *mongodb.DB, collection string) [][]string {
	t.Helper()
	specifications, err := db.Collection(collection).Indexes(t.Context())
	if err != nil {
		t.Fatalf("listing the indexes of %s: %v", collection, err)
	}
	var found [][]string
	for _, specification := range specifications {
		var index struct {
			Name   string `bson:"name"`
			Key    bson.D `bson:"key"`
			Unique bool   `bson:"unique"`
		}
		if err := bson.Unmarshal(specification, &index); err != nil {
			t.Fatalf("reading an index of %s: %v", collection, err)
		}
		if !index.Unique && index.Name != "_id_" {
			continue
		}
		var fields []string
		for _, key := range index.Key {
			fields = append(fields, key.Key)
		}
		found = append(found, fields)
	}
	return found
}
