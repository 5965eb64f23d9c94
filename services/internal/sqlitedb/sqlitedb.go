// Package sqlitedb opens SQLite database files the one way that the services use them: durable
// (WAL, synchronous=FULL), one writer connection, a few readers, migrated on opening.
//
// Only the SQLite stores may import it; it imports none of ours but apperr and move.
package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // The database/sql driver "sqlite".
)

const (
	// readers is the number of reading connections. Readers do not wait for the writer nor for
	// each other; four keep a few cores busy, and each costs memory.
	readers = 4
	// The caches' sizes in KiB. What they miss comes from the operating system's cache, which is
	// cheap; memory of our own is what small machines lack.
	writerCacheKiB = 8192
	readerCacheKiB = 1024
	// busyTimeoutMillis is how long a connection waits for a lock that another process holds.
	busyTimeoutMillis = 5000
	// walLimitBytes is the size to which a write-ahead log that outgrew it is cut back.
	walLimitBytes = 64 << 20
	// closeTimeout bounds how long Close waits for a transaction under way.
	closeTimeout = 10 * time.Second
)

// DB is one SQLite database file, open in no other process.
type DB struct {
	lock   *flock.Flock
	writer *sql.DB
	reader *sql.DB
}

// Open opens the database file at a path, creates it with its directory where it does not exist,
// and applies the migrations that it lacks: files named NNNNN_subject.sql in goose's format. It
// refuses a file that has migrations unknown to this program, one that is already open, here or in
// another process (the error names that process), and one into which data is being moved.
func Open(ctx context.Context, path string, migrations fs.FS, opts ...Option) (*DB, error) {
	var o options
	for _, option := range opts {
		option(&o)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the database file: %w", err)
	}
	if o.existing {
		if err := checkExists(path); err != nil {
			return nil, err
		}
	}
	if err := create(path); err != nil {
		return nil, err
	}
	l, err := lock(path)
	if err != nil {
		return nil, err
	}
	db := &DB{lock: l}
	if err := db.open(ctx, path, migrations); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !o.toMove {
		if err := db.checkMoved(ctx, path); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// open connects to the file and migrates it.
func (db *DB) open(ctx context.Context, path string, migrations fs.FS) (err error) {
	db.writer, err = connect(path, 1, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_pragma":       {cacheSize(writerCacheKiB), fmt.Sprintf("journal_size_limit(%d)", walLimitBytes)},
	})
	if err != nil {
		return err
	}
	if err := migrate(ctx, db.writer, migrations); err != nil {
		return errors.Join(fmt.Errorf("opening %s: %w", path, Failure(err)), db.writer.Close())
	}
	// Readers are kept from writing by query_only and not by mode=ro: a read-only connection could
	// not open the file when it happens to come first after the log was removed.
	db.reader, err = connect(path, readers, url.Values{
		"_query_only": {"1"},
		"_pragma":     {cacheSize(readerCacheKiB)},
	})
	if err != nil {
		return errors.Join(err, db.writer.Close())
	}
	return nil
}

// Read returns the pool of reading connections. It refuses writes.
func (db *DB) Read() *sql.DB { return db.reader }

// Writer returns the writing connection, a pool of exactly one: whoever holds it keeps all others
// waiting. Its transactions begin with the write lock taken.
func (db *DB) Writer() *sql.DB { return db.writer }

// Write runs do in a write transaction, alone among all writers, and commits it durably. When do
// or the commit fails, nothing is written and the error is returned, as Failure maps it.
func (db *DB) Write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return Failure(fmt.Errorf("beginning a transaction: %w", err))
	}
	defer func() { _ = tx.Rollback() }() // After a commit this does nothing.
	if err := do(tx); err != nil {
		return Failure(err)
	}
	if err := tx.Commit(); err != nil {
		return Failure(fmt.Errorf("committing: %w", err))
	}
	return nil
}

// Ping says whether the file can be read; the error is as Failure maps it.
func (db *DB) Ping(ctx context.Context) error {
	var version int64
	if err := db.reader.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version); err != nil {
		return Failure(fmt.Errorf("reading the database file: %w", err))
	}
	return nil
}

// Close waits for the queries and the write transaction under way, ten seconds at most, and closes
// the file. Transactions that wait for their turn fail.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	// The writer last: the last connection to go folds the log into the file. A pool does not wait
	// for a transaction when it is closed; having its only connection does.
	failure := db.reader.Close()
	writer, err := db.writer.Conn(ctx)
	if err != nil && !isClosed(err) {
		failure = errors.Join(failure, fmt.Errorf("waiting for the last transaction: %w", err))
	}
	failure = errors.Join(failure, db.writer.Close())
	if writer != nil {
		failure = errors.Join(failure, writer.Close())
	}
	return errors.Join(failure, db.lock.Close())
}

// create makes the file, if there is none, readable by its owner only: it holds secrets.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the database's directory: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return fmt.Errorf("making the database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("making the database file: %w", err)
	}
	return nil
}

// connect returns a pool of as many connections as said, which it keeps once they are open.
func connect(path string, connections int, options url.Values) (*sql.DB, error) {
	options.Set("_busy_timeout", fmt.Sprint(busyTimeoutMillis))
	options.Set("_synchronous", "FULL")
	options.Set("_dqs", "0")
	file := url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}
	pool, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// cacheSize returns the pragma for a page cache; SQLite takes a negative number as KiB.
func cacheSize(kib int) string { return fmt.Sprintf("cache_size(-%d)", kib) }
