// Package mongotest provides MongoDB to tests: the server of MONGODB_URI, or else the embedded engine of
// deploy/tools/mongoengine, started once per test process. If there is neither, the test fails; it is never skipped.
//
// Only tests may import it.
package mongotest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

const (
	// dropTimeout bounds the removal of a test's databases.
	dropTimeout = 30 * time.Second
	// indexPatience bounds how long an Open waits for the engine's indexes. A test's calls share one connection with
	// them.
	indexPatience = time.Minute
)

// Engine reports whether the tests run on the embedded engine rather than on a real server.
func Engine() bool { return os.Getenv("MONGODB_URI") == "" }

// Options returns the options that mongodb.Open needs for the server.
func Options() []mongodb.Option {
	if !Engine() {
		return nil
	}
	return []mongodb.Option{mongodb.WithServer(&server{}), mongodb.WithIndexPatience(indexPatience)}
}

// URI returns a server's URI. Its path is a prefix, so the databases that mongodb.Open opens belong to this test. They
// are dropped when the test ends.
func URI(t testing.TB) string {
	t.Helper()
	server, err := serverURI()
	if err != nil {
		t.Fatalf("no MongoDB to test with: %v", err)
	}
	prefix := "t_" + strings.ToLower(rand.Text()[:10])
	uri, err := mongodb.WithPrefix(server, prefix)
	if err != nil {
		t.Fatalf("MONGODB_URI: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(uri, prefix); err != nil {
			t.Errorf("dropping the test's databases: %v", err)
		}
	})
	return uri
}

func serverURI() (string, error) {
	if !Engine() {
		return os.Getenv("MONGODB_URI"), nil
	}
	engine, err := startEngine()
	return engine.uri, err
}

// Collections returns the names of the collections in a database of a URI that URI returned.
func Collections(t testing.TB, uri, database string) []string {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) }()
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	prefix, _, _ := strings.Cut(path, "?")
	names, err := client.Database(prefix+"_"+database).ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(names) == 0 {
		t.Fatalf("listing the collections of %s: %v, %v", database, names, err)
	}
	return names
}

// drop drops the databases whose names begin with a prefix.
func drop(uri, prefix string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(dropTimeout / 2))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { err = errors.Join(err, client.Disconnect(ctx)) }()
	names, err := client.ListDatabaseNames(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("listing the databases: %w", err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, prefix+"_") {
			continue
		}
		if err := client.Database(name).Drop(ctx); err != nil {
			return fmt.Errorf("dropping %s: %w", name, err)
		}
	}
	return nil
}
