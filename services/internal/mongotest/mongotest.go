// Package mongotest gives tests a MongoDB: the server that MONGODB_URI names, else the embedded
// engine of deploy/tools/mongoengine, started once per test process. Without either a test fails;
// it is never skipped.
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

// dropTimeout bounds the removal of a test's databases.
const dropTimeout = 30 * time.Second

// Engine says whether the tests run on the embedded engine and not on a real server.
func Engine() bool { return os.Getenv("MONGODB_URI") == "" }

// Options returns what mongodb.Open needs to take the server.
func Options() []mongodb.Option {
	return []mongodb.Option{mongodb.WithoutTransactions(Engine())}
}

// URI returns the URI of a server, with a prefix in its path by which the databases that mongodb.Open
// opens are the test's own. They are dropped when the test ends.
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

// Collections returns the names of the collections of one of the databases of a URI that URI returned.
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

// drop drops the databases that begin with a prefix.
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
