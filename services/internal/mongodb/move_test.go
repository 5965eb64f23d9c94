package mongodb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/move"
)

// TestUnfinishedMove checks that a database with an unfinished move can be opened for that move only.
func TestUnfinishedMove(t *testing.T) {
	uri := mongotest.URI(t)
	with := func(opts ...mongodb.Option) []mongodb.Option { return append(mongotest.Options(), opts...) }
	setMoveState := func(state move.State) {
		t.Helper()
		db, err := mongodb.Open(t.Context(), uri, "test", with(mongodb.ToMove(move.Destination))...)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetMoveState(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		if got, err := db.MoveState(t.Context()); err != nil || got.Place != state.Place || !got.Done.Equal(state.Done) {
			t.Errorf("the state is %v (%v), want %v", got, err, state)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mongodb.Open(t.Context(), uri, "test", with(mongodb.ToMove(move.Source))...); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("of a source that does not exist Open says: %v", err)
	}
	state := move.State{Place: move.Place{From: "sqlite:/data", To: "mongodb://db"}, Began: time.Now()}
	setMoveState(state)
	_, err := mongodb.Open(t.Context(), uri, "test", with()...)
	if err == nil || !strings.Contains(err.Error(), "_test is not ready") || !strings.Contains(err.Error(), "couponlink move --from sqlite:/data --to mongodb://db") {
		t.Errorf("before the end of the move Open says: %v", err)
	}
	state.Done = time.Now()
	setMoveState(state)
	open(t, uri)
}

// TestReplaceAll checks that documents replace those with their ids.
func TestReplaceAll(t *testing.T) {
	db := open(t, mongotest.URI(t))
	replace := func(from, to, value int) {
		t.Helper()
		var documents []mongodb.Keyed
		for i := from; i < to; i++ {
			id := fmt.Sprint(i)
			documents = append(documents, mongodb.Keyed{ID: id, Document: bson.D{{Key: "_id", Value: id}, {Key: "value", Value: value}}})
		}
		if err := db.ReplaceAll(t.Context(), "things", documents); err != nil {
			t.Fatal(err)
		}
	}
	replace(0, 0, 0)
	replace(0, 30, 1)
	replace(20, 40, 2)
	for value, want := range map[int]int64{1: 20, 2: 20} {
		if n, err := db.Collection("things").CountDocuments(t.Context(), bson.D{{Key: "value", Value: value}}); err != nil || n != want {
			t.Errorf("%d documents have the value %d (%v), want %d", n, value, err, want)
		}
	}
}
