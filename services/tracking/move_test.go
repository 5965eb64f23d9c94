package tracking_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/move/movetest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// retention is how long the tests' stores keep the journal.
const retention = 90 * 24 * time.Hour

// TestMove moves all that a store keeps from SQLite to MongoDB and back.
func TestMove(t *testing.T) {
	dir, back, uri := t.TempDir(), t.TempDir(), mongotest.URI(t)
	store, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Options{Retention: retention, Calendar: calendar(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	keepClicksSince(t, dir)
	want := movetest.Records(t, sqliteAt(dir, move.Source)(t))
	movetest.EachFieldIsSet(t, want, "conversions.Awaited", "deferred.Postback.Replay")

	movetest.Move(t, sqliteAt(dir, move.Source), mongoAt(uri, move.Destination))
	movetest.Compare(t, movetest.Records(t, mongoAt(uri, move.Source)(t)), want)
	movetest.Move(t, mongoAt(uri, move.Source), sqliteAt(back, move.Destination))
	movetest.Compare(t, movetest.Records(t, sqliteAt(back, move.Source)(t)), want)

	onMongo, err := mongostore.Open(t.Context(), uri, mongostore.Options{Retention: retention, Calendar: calendar(t), Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	onSQLite, err := sqlitestore.Open(t.Context(), back, sqlitestore.Options{Retention: retention, Calendar: calendar(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	checkServed(t, onMongo)
	checkServed(t, onSQLite)
	if onMongo.FeedID() == store.FeedID() || onSQLite.FeedID() == store.FeedID() {
		t.Error("watchers take the feed of another database for theirs")
	}

	movetest.Covered(t, sqliteAt(dir, move.Source)(t), movetest.SQLiteTables(t, dir, "tracking.db"), map[string]string{
		"goose_db_version": "it says which migrations the file has had",
		"requests":         "all services stop for a move, so few calls are repeated across it",
		"conversion_feed":  "its positions mean nothing in another store, which has others from then on",
		"feed":             "it is the name by which tokens of another store's feed are refused",
		"purges":           "it is about the clock of this store's process; without it a purge begins with what the newest rows say",
	})
	movetest.Covered(t, mongoAt(uri, move.Source)(t), mongotest.Collections(t, uri, "tracking"), map[string]string{
		"requests": "all services stop for a move, so few calls are repeated across it",
		"schema":   "it says which migrations the database has had, and has the state of the move",
		"feed":     "its positions mean nothing in another store, which has others from then on",
		"counting": "it is the mark that the table counted writes",
	})
}

// TestMoveFromMongoDB moves what a store has written itself, with what is only in MongoDB: marks, holders, and
// figures that are not counted yet.
func TestMoveFromMongoDB(t *testing.T) {
	dir, uri := t.TempDir(), mongotest.URI(t)
	store, err := mongostore.Open(t.Context(), uri, mongostore.Options{Retention: retention, Calendar: calendar(t), Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	want := movetest.Records(t, mongoAt(uri, move.Source)(t))
	movetest.EachFieldIsSet(t, want, "conversions.Awaited", "deferred.Postback.Replay", "counted.ClicksSince") // the engine deletes no clicks
	movetest.Move(t, mongoAt(uri, move.Source), sqliteAt(dir, move.Destination))
	movetest.Compare(t, movetest.Records(t, sqliteAt(dir, move.Source)(t)), want)
	onSQLite, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Options{Retention: retention, Calendar: calendar(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	checkServed(t, onSQLite)
}

// keepClicksSince makes a file one whose oldest clicks are deleted.
func keepClicksSince(t testing.TB, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlitestore.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "UPDATE counted SET clicks_since = 1000"); err != nil {
		t.Fatal(err)
	}
}

// checkServed checks that figures are what clicks and conversions add up to, after another click. It closes the
// store.
func checkServed(t *testing.T, s storetest.Store) {
	t.Helper()
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}()
	click := domain.Click{ID: uuid.Must(uuid.NewV7()).String(), Offer: "10", Time: time.Now().UTC().Truncate(time.Millisecond)}
	if err := s.InsertClick(t.Context(), click); err != nil {
		t.Error(err)
	}
	var err error
	for more := true; more && err == nil; {
		more, err = s.CountNew(t.Context(), time.Now())
	}
	if err != nil {
		t.Fatalf("counting: %v", err)
	}
	first, last, err := s.CountedMonths(t.Context())
	if err != nil || first >= last {
		t.Fatalf("figures are of the months %d to %d (%v)", first, last, err)
	}
	for month := first; month <= last; month++ {
		if r, err := s.Recount(t.Context(), month, false); err != nil || month == first && r.Counted == 0 || len(r.Differing) > 0 {
			t.Errorf("of month %d there are %d figures, of which are not what is stored: %+v (%v)", month, r.Counted, r.Differing, err)
		}
	}
}

func calendar(t testing.TB) rollup.Calendar {
	t.Helper()
	zone, err := time.LoadLocation(storetest.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return rollup.NewCalendar(zone)
}

func sqliteAt(dir string, role move.Role) movetest.Open {
	return func(t testing.TB) move.Database {
		t.Helper()
		db, err := sqlitestore.OpenToMove(t.Context(), dir, role, time.Now)
		if err != nil {
			t.Fatalf("opening SQLite: %v", err)
		}
		return db
	}
}

func mongoAt(uri string, role move.Role) movetest.Open {
	return func(t testing.TB) move.Database {
		t.Helper()
		db, err := mongostore.OpenToMove(t.Context(), uri, role, time.Now, mongotest.Options()...)
		if err != nil {
			t.Fatalf("opening MongoDB: %v", err)
		}
		return db
	}
}
