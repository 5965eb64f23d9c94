package coupon_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/move/movetest"
)

// TestMove moves a store with every kind of record from SQLite to MongoDB and back.
func TestMove(t *testing.T) {
	dir, back, uri := t.TempDir(), t.TempDir(), mongotest.URI(t)
	store, err := sqlitestore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	want := movetest.Records(t, sqliteAt(dir, move.Source)(t))
	movetest.EachFieldIsSet(t, want)

	movetest.Move(t, sqliteAt(dir, move.Source), mongoAt(uri, move.Destination))
	movetest.Compare(t, movetest.Records(t, mongoAt(uri, move.Source)(t)), want)
	movetest.Move(t, mongoAt(uri, move.Source), sqliteAt(back, move.Destination))
	movetest.Compare(t, movetest.Records(t, sqliteAt(back, move.Source)(t)), want)

	movetest.Covered(t, sqliteAt(dir, move.Source)(t), movetest.SQLiteTables(t, dir, "coupon.db"), map[string]string{
		"goose_db_version": "it says which migrations the file has had",
		"requests":         "all services stop for a move, so few calls are repeated across it, and one row can have a whole batch",
	})
	movetest.Covered(t, mongoAt(uri, move.Source)(t), mongotest.Collections(t, uri, "coupon"), map[string]string{
		"requests": "all services stop for a move, so few calls are repeated across it, and one row can have a whole batch",
		"schema":   "it says which migrations the database has had, and has the state of the move",
	})
}

func sqliteAt(dir string, role move.Role) movetest.Open {
	return func(t testing.TB) move.Database {
		t.Helper()
		db, err := sqlitestore.OpenToMove(t.Context(), dir, role)
		if err != nil {
			t.Fatalf("opening SQLite: %v", err)
		}
		return db
	}
}

func mongoAt(uri string, role move.Role) movetest.Open {
	return func(t testing.TB) move.Database {
		t.Helper()
		db, err := mongostore.OpenToMove(t.Context(), uri, role, mongotest.Options()...)
		if err != nil {
			t.Fatalf("opening MongoDB: %v", err)
		}
		return db
	}
}
