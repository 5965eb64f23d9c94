package mongodb

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/drivertest"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestInTransactionOnTheWire simulates a server's answers to a transaction, which the tests' engine lacks: a conflict
// ends the first attempt, and the second is committed.
func TestInTransactionOnTheWire(t *testing.T) {
	ok := bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 1}}
	conflict := bson.D{
		{Key: "ok", Value: 0},
		{Key: "code", Value: 112},
		{Key: "codeName", Value: "WriteConflict"},
		{Key: "errmsg", Value: "WriteConflict"},
		{Key: "errorLabels", Value: bson.A{"TransientTransactionError"}},
	}
	db, sent := playing(t, ok, conflict, ok, ok, ok, ok)
	runs := 0
	err := db.InTransaction(t.Context(), func(ctx context.Context) error {
		runs++
		for id := range 2 {
			// Stores wrap and map errors. A conflict must still be recognized.
			if _, err := db.Collection("c").InsertOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
				return Failure(fmt.Errorf("inserting: %w", err))
			}
		}
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("InTransaction: %v after %d runs, want success after 2", err, runs)
	}
	want := []string{
		"insert txn=1 start rc=snapshot", "insert txn=1", "abortTransaction txn=1 wc=majority,j",
		"insert txn=2 start rc=snapshot", "insert txn=2", "commitTransaction txn=2 wc=majority,j",
	}
	if got := inShort(sent()); !slices.Equal(got, want) {
		t.Errorf("the commands were\n%q, want\n%q", got, want)
	}
}

// TestInTransactionUndoes checks a transaction whose function fails.
func TestInTransactionUndoes(t *testing.T) {
	ok := bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 1}}
	db, sent := playing(t, ok, ok)
	refusal := apperr.New(apperr.AlreadyExists, "COUPON_EXISTS", "no")
	err := db.InTransaction(t.Context(), func(ctx context.Context) error {
		if _, err := db.Collection("c").InsertOne(ctx, bson.D{{Key: "_id", Value: 1}}); err != nil {
			return err
		}
		return refusal
	})
	if apperr.As(err) != refusal {
		t.Errorf("InTransaction: %v, want the function's error", err)
	}
	want := []string{"insert txn=1 start rc=snapshot", "abortTransaction txn=1 wc=majority,j"}
	if got := inShort(sent()); !slices.Equal(got, want) {
		t.Errorf("the commands were\n%q, want\n%q", got, want)
	}
}

// playing returns a DB on a server that gives answers in order, and a function that returns the commands received.
func playing(t *testing.T, answers ...bson.D) (*DB, func() []bson.Raw) {
	t.Helper()
	var mu sync.Mutex
	var sent []bson.Raw
	clientOptions := clientOptions("mongodb://unused/").SetMonitor(&event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, slices.Clone(e.Command))
		},
	})
	clientOptions.Deployment = drivertest.NewMockDeployment(answers...) //nolint:staticcheck // only tests of the driver's use need it
	client, err := mongo.Connect(clientOptions)
	if err != nil {
		t.Fatal(err)
	}
	return onClient(t, client), func() []bson.Raw {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(sent)
	}
}

// onClient returns a DB on a client with simulated answers.
func onClient(t *testing.T, client *mongo.Client) *DB {
	t.Helper()
	db := &DB{client: client, database: client.Database("d"), limit: callTimeout, commitTimeout: commitTimeout, server: mongoDB{}, indexPatience: indexPatience, log: slog.New(slog.DiscardHandler)}
	db.life, db.end = context.WithCancel(t.Context())
	t.Cleanup(func() {
		db.end()
		db.building.Wait()
	})
	return db
}

// inShort describes commands by their transaction fields.
func inShort(commands []bson.Raw) []string {
	described := names(commands)
	for i, command := range commands {
		if txn, ok := command.Lookup("txnNumber").AsInt64OK(); ok {
			described[i] += fmt.Sprint(" txn=", txn)
		}
		if start, ok := command.Lookup("startTransaction").BooleanOK(); ok && start {
			described[i] += " start"
		}
		if level, ok := command.Lookup("readConcern", "level").StringValueOK(); ok {
			described[i] += " rc=" + level
		}
		if w, ok := command.Lookup("writeConcern", "w").StringValueOK(); ok {
			described[i] += " wc=" + w
		}
		if j, ok := command.Lookup("writeConcern", "j").BooleanOK(); ok && j {
			described[i] += ",j"
		}
	}
	return described
}
