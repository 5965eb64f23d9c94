package sqlitedb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

const first = `-- +goose Up
CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER) STRICT, WITHOUT ROWID;
`

const second = `-- +goose Up
CREATE TABLE others (id TEXT PRIMARY KEY) STRICT;
`

func migrations(files ...string) fs.FS {
	all := fstest.MapFS{}
	for i, text := range files {
		all[fmt.Sprintf("%05d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func open(t *testing.T, path string, files ...string) *sqlitedb.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path, migrations(files...))
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

func insert(ctx context.Context, db *sqlitedb.DB, id, name string) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO things (id, name) VALUES (?, ?)", id, name)
		return err
	})
}

func count(t *testing.T, db *sqlitedb.DB) int {
	t.Helper()
	var n int
	if err := db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil {
		t.Fatalf("counting: %v", err)
	}
	return n
}

func TestOpenIsDurableAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new dir?#%41", "things.db")
	db := open(t, path, first)
	for pool, wants := range map[*sql.DB]map[string]string{
		db.Writer(): {"journal_mode": "wal", "synchronous": "2", "query_only": "0", "busy_timeout": "5000", "cache_size": "-8192", "mmap_size": "0"},
		db.Read():   {"journal_mode": "wal", "query_only": "1", "busy_timeout": "5000", "cache_size": "-1024", "mmap_size": "0"},
	} {
		for pragma, want := range wants {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
			}
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v), want mode 0600", info, err)
	}
	if _, err := db.Read().ExecContext(t.Context(), "INSERT INTO things (id, name) VALUES ('a', 'a')"); err == nil {
		t.Error("a reader wrote")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func TestOpenMigratesAndRefusesTheNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "things.db")
	db := open(t, path, first)
	if err := insert(t.Context(), db, "1", "kept"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	newer, err := sqlitedb.Open(t.Context(), path, migrations(first, second), sqlitedb.WithLog(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, newer); n != 1 {
		t.Errorf("%d rows after migrating, want 1", n)
	}
	if err := newer.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "version=1 newest=2") || !strings.Contains(log.String(), "version=2 newest=2 took=") {
		t.Errorf("the log does not say how far the migration is:\n%s", &log)
	}
	_, err = sqlitedb.Open(t.Context(), path, migrations(first))
	if err == nil || !strings.Contains(err.Error(), "schema version 2") || !strings.Contains(err.Error(), "up to 1") {
		t.Errorf("opening a newer schema: %v, want a refusal that names both versions", err)
	}
}

// TestExclusive checks that nothing is mapped, that readers read while the writer writes, and that other programs are
// kept out.
func TestExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "things.db")
	db, err := sqlitedb.Open(t.Context(), path, migrations(first), sqlitedb.Exclusive(true))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO things (id, name) VALUES ('1', 'x')"); err != nil {
			return err
		}
		if n := count(t, db); n != 0 {
			t.Errorf("a reader sees %d rows that are not committed", n)
		}
		return nil
	})
	if err := errors.Join(err, db.Ping(t.Context())); err != nil || count(t, db) != 1 {
		t.Errorf("writing: %v", err)
	}
	if _, err := os.Stat(path + "-shm"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the index of the log is a file: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, path, first)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestOpenByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "things.db")
	const openers = 5
	start, dbs, refusals := make(chan struct{}), make(chan *sqlitedb.DB, openers), make(chan error, openers)
	var all sync.WaitGroup
	for range openers {
		all.Go(func() {
			<-start
			db, err := sqlitedb.Open(t.Context(), path, migrations(first, second))
			if err != nil {
				refusals <- err
				return
			}
			dbs <- db
		})
	}
	close(start)
	all.Wait()
	close(refusals)
	if len(dbs) != 1 {
		t.Fatalf("%d of %d opened the file, want one", len(dbs), openers)
	}
	for err := range refusals {
		if !strings.Contains(err.Error(), path+" is in use by ") {
			t.Errorf("a second opener was told %v", err)
		}
	}
	if err := (<-dbs).Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, first, second) // the lock ended with the store
}

func TestWriteIsAllOrNothing(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "things.db"), first)
	refusal := errors.New("no")
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO things (id, name) VALUES ('1', 'x')"); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) || apperr.As(err) != nil {
		t.Errorf("Write returned %v, want the function's own error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO things (id, name) VALUES ('2', 'y')")
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Write with an ended context returned %v, want the context's error", err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows after refused writes, want 0", n)
	}
	if err := insert(t.Context(), db, "3", "z"); err != nil {
		t.Errorf("a write after refused ones: %v", err)
	}
}

func TestWriteOneAtATime(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "things.db"), first)
	if err := insert(t.Context(), db, "counter", "counter"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := db.Write(t.Context(), func(tx *sql.Tx) error {
				var size sql.NullInt64
				if err := tx.QueryRowContext(t.Context(), "SELECT size FROM things").Scan(&size); err != nil {
					return err
				}
				_, err := tx.ExecContext(t.Context(), "UPDATE things SET size = ?", size.Int64+1)
				return err
			})
			if err != nil {
				t.Errorf("Write: %v", err)
			}
		})
	}
	all.Wait()
	var size int
	if err := db.Read().QueryRowContext(t.Context(), "SELECT size FROM things").Scan(&size); err != nil || size != 20 {
		t.Errorf("size is %d (%v) after 20 read-then-writes, want 20", size, err)
	}
}

func TestErrorsAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "things.db")
	db, err := sqlitedb.Open(t.Context(), path, migrations(first))
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "1", "x"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"a taken primary key":  insert(t.Context(), db, "1", "y"),
		"a taken unique value": insert(t.Context(), db, "2", "x"),
	} {
		if !sqlitedb.IsUnique(err) || apperr.As(err) != nil {
			t.Errorf("%s: %v, want an error that IsUnique", what, err)
		}
	}
	_, broken := db.Read().QueryContext(t.Context(), "SELECT nothing FROM nowhere") //nolint:rowserrcheck,sqlclosecheck // it fails
	if broken == nil || sqlitedb.IsUnique(broken) || apperr.As(sqlitedb.Failure(broken)) != nil {
		t.Errorf("broken SQL: %v must stay a fault of ours", broken)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"Write": insert(t.Context(), db, "3", "z"), "Ping": db.Ping(t.Context())} {
		if e := apperr.As(err); e == nil || e.Kind != apperr.Unavailable || e.Reason != "STORE_UNAVAILABLE" {
			t.Errorf("%s after Close: %v, want Unavailable", what, err)
		}
	}
}

func TestWriteWhenTheDiskIsFull(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "things.db"), first)
	if _, err := db.Writer().ExecContext(t.Context(), "PRAGMA max_page_count=1"); err != nil {
		t.Fatal(err)
	}
	err := insert(t.Context(), db, "1", strings.Repeat("x", 1<<20))
	if !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("writing to a full file: %v, want Unavailable", err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows, want 0", n)
	}
}

func TestCloseWaitsForTheTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "things.db")
	db, err := sqlitedb.Open(t.Context(), path, migrations(first))
	if err != nil {
		t.Fatal(err)
	}
	inside, closing := make(chan struct{}), make(chan struct{})
	written := make(chan error, 1)
	go func() {
		written <- db.Write(t.Context(), func(tx *sql.Tx) error {
			close(inside)
			<-closing
			time.Sleep(50 * time.Millisecond) // Close has probably been called by now
			_, err := tx.ExecContext(t.Context(), "INSERT INTO things (id, name) VALUES ('1', 'x')")
			return err
		})
	}()
	<-inside
	close(closing)
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-written; err != nil {
		t.Errorf("Write: %v", err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there after Close: %v", err)
	}
	if n := count(t, open(t, path, first)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}
