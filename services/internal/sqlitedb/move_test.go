package sqlitedb_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// TestUnfinishedMove checks that a file with an unfinished move can be opened for that move only.
func TestUnfinishedMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	setMoveState := func(state move.State) {
		t.Helper()
		db, err := sqlitedb.Open(t.Context(), path, migrations(first), sqlitedb.ToMove(move.Destination))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *sql.Tx) error {
			return sqlitedb.SetMoveState(state, func(statement string, args ...any) error {
				_, err := tx.ExecContext(t.Context(), statement, args...)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := db.MoveState(t.Context()); err != nil || got.Place != state.Place || !got.Done.Equal(state.Done) {
			t.Errorf("the state is %v (%v), want %v", got, err, state)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	state := move.State{Place: move.Place{From: "mongodb://db", To: "sqlite:/data"}, Began: time.Now()}
	setMoveState(state)
	for _, opts := range [][]sqlitedb.Option{nil, {sqlitedb.ToMove(move.Source)}} {
		_, err := sqlitedb.Open(t.Context(), path, migrations(first), opts...)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "couponlink move --from mongodb://db --to sqlite:/data") {
			t.Errorf("before the end of the move Open says: %v", err)
		}
	}
	state.Done = time.Now()
	setMoveState(state)
	open(t, path, first)
}

// TestSourceMustExist checks that a missing source is not created.
func TestSourceMustExist(t *testing.T) {
	dir := t.TempDir()
	_, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "some.db"), migrations(first), sqlitedb.ToMove(move.Source))
	if err == nil || !strings.Contains(err.Error(), "there is no database file "+dir) {
		t.Errorf("Open says: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
