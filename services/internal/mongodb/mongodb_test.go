package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

func open(t *testing.T, uri string) *mongodb.DB {
	t.Helper()
	db, err := mongodb.Open(t.Context(), uri, "test", mongotest.Options()...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestOpenRefusesBadURIsWithoutShowingThem(t *testing.T) {
	for _, uri := range []string{
		"", "postgres://user:s3cret@host/db", "mongodb://user:s3cret", "mongodb://user:s3/cret@host",
		"mongodb://user:s3cret@host:port/", "mongodb://user:s3cret@host/%zz", "mongodb://user:s3cret%@host/",
	} {
		db, err := mongodb.Open(t.Context(), uri, "test")
		if err == nil {
			_ = db.Close()
		}
		if err == nil || strings.Contains(err.Error(), "cret") || !strings.Contains(err.Error(), "mongodb://") {
			t.Errorf("%q: %v, want a refusal with a hint and no password", uri, err)
		}
	}
}

func TestOpenWithNobodyThere(t *testing.T) {
	uri := "mongodb://user:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=200"
	_, err := mongodb.Open(t.Context(), uri, "test")
	if !apperr.Is(err, apperr.Unavailable) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Open: %v, want Unavailable and no password", err)
	}
}

func TestOpenRefusesStandaloneServers(t *testing.T) {
	if !mongotest.Engine() {
		t.Log("the server is a replica set or a cluster; the embedded engine is what is standalone")
		open(t, mongotest.URI(t))
		return
	}
	_, err := mongodb.Open(t.Context(), mongotest.URI(t), "test")
	if err == nil || !strings.Contains(err.Error(), "standalone") || !strings.Contains(err.Error(), "replica set") {
		t.Errorf("Open: %v, want a refusal that says what is needed", err)
	}
}

func TestErrorsAreTold(t *testing.T) {
	uri := mongotest.URI(t)
	db, err := mongodb.Open(t.Context(), uri, "test", mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	things := db.Collection("things")
	if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "1"}}); err != nil {
		t.Fatal(err)
	}
	_, err = things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "1"}})
	if !mongodb.IsUnique(err) || apperr.As(mongodb.Failure(err)) != nil {
		t.Errorf("a taken _id: %v, want an error that IsUnique and is not the storage's fault", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Ping(ctx); !errors.Is(err, context.Canceled) || apperr.As(err) != nil {
		t.Errorf("Ping with an ended context: %v, want the context's error", err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("Ping after Close: %v, want Unavailable", err)
	}
}

func TestInTransactionReturnsTheFunctionsError(t *testing.T) {
	db := open(t, mongotest.URI(t))
	refusal := errors.New("no")
	if err := db.InTransaction(t.Context(), func(context.Context) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("InTransaction: %v, want the function's error", err)
	}
}

func TestInTransactionLosesNoUpdate(t *testing.T) {
	db := open(t, mongotest.URI(t))
	counters := db.Collection("counters")
	if _, err := counters.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "c"}, {Key: "n", Value: 0}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			err := db.InTransaction(t.Context(), func(ctx context.Context) error {
				var counter struct{ N int }
				if err := counters.FindOne(ctx, bson.D{{Key: "_id", Value: "c"}}).Decode(&counter); err != nil {
					return fmt.Errorf("reading: %w", err)
				}
				_, err := counters.UpdateOne(ctx, bson.D{{Key: "_id", Value: "c"}},
					bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: counter.N + 1}}}})
				return err
			})
			if err != nil {
				t.Errorf("InTransaction: %v", err)
			}
		})
	}
	all.Wait()
	var counter struct{ N int }
	if err := counters.FindOne(t.Context(), bson.D{{Key: "_id", Value: "c"}}).Decode(&counter); err != nil || counter.N != 10 {
		t.Errorf("the counter is %d (%v) after 10 read-then-writes, want 10", counter.N, err)
	}
}

func TestMigrateRunsEachStepOnce(t *testing.T) {
	uri := mongotest.URI(t)
	var first, second atomic.Int32
	steps := []mongodb.Migration{
		{Version: 1, Run: func(ctx context.Context, db *mongodb.DB) error {
			first.Add(1)
			time.Sleep(50 * time.Millisecond) // lets the others find the lock taken
			if err := db.CreateCollections(ctx, "things", "others"); err != nil {
				return err
			}
			if err := db.CreateCollections(ctx, "things"); err != nil {
				return err
			}
			for range 2 { // the second time does nothing
				err := db.EnsureIndexes(ctx, "things", mongodb.UniqueIndex("name"), mongodb.Index("size", "_id"))
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{Version: 2, Run: func(context.Context, *mongodb.DB) error { second.Add(1); return nil }},
	}
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 4 {
		db := open(t, uri)
		all.Go(func() {
			<-start
			if err := db.Migrate(t.Context(), steps); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	close(start)
	all.Wait()
	if first.Load() != 1 || second.Load() != 1 {
		t.Errorf("the steps ran %d and %d times, want once", first.Load(), second.Load())
	}
	db := open(t, uri)
	err := db.Migrate(t.Context(), steps[:1])
	if err == nil || !strings.Contains(err.Error(), "schema version 2") || !strings.Contains(err.Error(), "up to 1") {
		t.Errorf("a newer schema: %v, want a refusal that names both versions", err)
	}
	for i, wantUnique := range []bool{false, true} {
		_, err := db.Collection("things").InsertOne(t.Context(), bson.D{{Key: "_id", Value: i}, {Key: "name", Value: "same"}})
		if mongodb.IsUnique(err) != wantUnique {
			t.Errorf("insert %d: %v, want unique violation %v", i, err, wantUnique)
		}
	}
}

func TestMigrateAfterAFailure(t *testing.T) {
	db := open(t, mongotest.URI(t))
	failure := errors.New("no")
	step := func(err error) []mongodb.Migration {
		return []mongodb.Migration{{Version: 1, Run: func(context.Context, *mongodb.DB) error { return err }}}
	}
	if err := db.Migrate(t.Context(), step(failure)); !errors.Is(err, failure) {
		t.Errorf("Migrate: %v, want the step's error", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := db.Migrate(ctx, step(nil)); err != nil {
		t.Errorf("Migrate again: %v; the lock must be free and the step still lacking", err)
	}
	if err := db.Migrate(ctx, step(failure)); err != nil {
		t.Errorf("Migrate a third time: %v; nothing is lacking", err)
	}
}
