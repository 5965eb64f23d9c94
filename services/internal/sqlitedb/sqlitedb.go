// Package sqlitedb opens SQLite database files the one way that the services use them: durable
// (WAL, synchronous=FULL), one writer connection, a few readers, migrated on opening. It finds damage at the
// opening and when it is met, and says which file is damaged.
//
// Only the SQLite stores and wiring may import it; it imports none of ours but apperr and move.
package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

const (
	// readers is the number of reading connections. Readers do not wait for the writer nor for
	// each other; four keep a few cores busy, and each costs memory.
	readers = 4
	// reportReaders is the number of those for reads that may take long: more of them would leave clicks and
	// postbacks too little of the processor.
	reportReaders = 4
	// The caches' sizes in KiB. What they miss comes from the operating system's cache, which is
	// cheap; memory of our own is what small machines lack.
	writerCacheKiB = 8192
	readerCacheKiB = 1024
	// busyTimeoutMillis is how long a connection waits for a lock that another process holds.
	busyTimeoutMillis = 5000
	// walLimitBytes is the size to which a write-ahead log that outgrew it is cut back.
	walLimitBytes = 64 << 20
	// closeTimeout bounds how long Close waits for a transaction under way.
	closeTimeout = 5 * time.Second
)

// DB is one SQLite database file, open in no other process.
type DB struct {
	path string
	// exclusive is that of Exclusive.
	exclusive bool
	lock      *fileLock
	watch     *watch
	marker    *marker
	log       *slog.Logger
	writer    *sql.DB
	reader    *sql.DB
	report    *sql.DB
	// file is the database file as it was opened.
	file os.FileInfo
}

// Open opens the database file at a path, creates it with its directory where it does not exist,
// and applies the migrations that it lacks: files named NNNNN_subject.sql in goose's format. It
// refuses a file that has migrations unknown to this program, one that is already open, here or in
// another process (ErrInUse; the error names that process), one into which data is being moved, and one that is
// damaged, as far as a check of two seconds finds (a *Damage).
func Open(ctx context.Context, path string, migrations fs.FS, opts ...Option) (*DB, error) {
	o := options{log: slog.New(slog.DiscardHandler)}
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
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the database's directory %s: %w", filepath.Dir(path), err)
	}
	l, err := lock(path)
	if err != nil {
		return nil, err
	}
	db := &DB{path: path, exclusive: o.exclusive, lock: l, watch: &watch{path: path}, marker: &marker{}, log: o.log}
	if err := db.open(ctx, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), l.close())
	}
	if !o.toMove {
		if err := db.checkMoved(ctx, path); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// open connects to the file and migrates it.
func (db *DB) open(ctx context.Context, migrations fs.FS) (err error) {
	if err := inspect(db.path, db.lock.last); err != nil {
		return err
	}
	if db.file, err = create(db.path); err != nil {
		return err
	}
	db.writer, err = db.connect(1, db.marker, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_pragma":       {cacheSize(writerCacheKiB), fmt.Sprintf("journal_size_limit(%d)", walLimitBytes)},
	})
	if err != nil {
		return err
	}
	if err := db.begin(ctx, migrations); err != nil {
		return errors.Join(Failure(err), db.writer.Close())
	}
	// Readers are kept from writing by query_only and not by mode=ro: a read-only connection could
	// not open the file when it happens to come first after the log was removed.
	for _, pool := range []struct {
		db          **sql.DB
		connections int
	}{{&db.reader, readers}, {&db.report, reportReaders}} {
		*pool.db, err = db.connect(pool.connections, nil, url.Values{
			"_query_only": {"1"},
			"_pragma":     {cacheSize(readerCacheKiB)},
		})
		if err != nil {
			return errors.Join(err, db.writer.Close())
		}
	}
	return nil
}

// begin checks the file and brings it up to date.
func (db *DB) begin(ctx context.Context, migrations fs.FS) error {
	if err := quickCheck(ctx, db.path, db.writer); err != nil {
		return err
	}
	number, err := checkMark(ctx, db.path, db.writer, db.lock.last)
	if err != nil {
		return err
	}
	if migrations != nil {
		if err := migrate(ctx, db.writer, migrations, db.path, db.log); err != nil {
			return err
		}
	}
	db.marker.number, db.marker.lock, db.marker.check = number, db.lock, db.Check
	return db.lock.write(lockState{opened: true, mark: number})
}

// Read returns the pool of reading connections, for reads that take a moment. It refuses writes.
func (db *DB) Read() *sql.DB { return db.reader }

// Reports returns a pool of reading connections of their own, for lists, sums and exports, which may read every row:
// however many they are, what reads by Read does not wait for them.
func (db *DB) Reports() *sql.DB { return db.report }

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
		return Failure(orEnd(ctx, err))
	}
	if err := tx.Commit(); err != nil {
		return Failure(fmt.Errorf("committing: %w", orEnd(ctx, err)))
	}
	return nil
}

// orEnd returns the context's error in place of that of a transaction which database/sql has rolled back because the
// context ended.
func orEnd(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Check says whether the file can still be relied on: it is where it was opened, and no damage was met. The
// error is as Failure maps it. It touches the disk and does not write.
func (db *DB) Check() error {
	if err := db.watch.damage(); err != nil {
		return Failure(err)
	}
	now, err := os.Stat(db.path)
	if err != nil {
		return Failure(&Damage{File: db.path, What: "is gone", Cause: err})
	}
	if !os.SameFile(db.file, now) {
		return Failure(&Damage{File: db.path, What: "is another file than was opened"})
	}
	if _, err := os.Stat(logFile(db.path)); err != nil {
		return Failure(&Damage{File: logFile(db.path), What: "is gone", Cause: err})
	}
	return nil
}

// WriteProbe is a statement that writes to a database and changes nothing of what is stored.
const WriteProbe = "PRAGMA application_id = 0"

// Ping says whether the file can still be relied on, as Check does, and whether it can be written, by a durable
// write.
func (db *DB) Ping(ctx context.Context) error {
	err := db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, WriteProbe)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing to %s: %w", db.path, err)
	}
	return db.Check()
}

// Close waits for the queries and the write transaction under way, five seconds at most, and closes
// the file. Transactions that wait for their turn fail.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	// The writer last: the last connection to go folds the log into the file. A pool does not wait
	// for a transaction when it is closed; having its only connection does.
	failure := errors.Join(db.reader.Close(), db.report.Close())
	writer, err := db.writer.Conn(ctx)
	if err != nil && !isClosed(err) {
		failure = errors.Join(failure, fmt.Errorf("waiting for the last transaction: %w", err))
	}
	failure = errors.Join(failure, db.writer.Close())
	if writer != nil {
		failure = errors.Join(failure, writer.Close())
	}
	return errors.Join(failure, db.lock.close())
}

// create makes the file, if there is none, readable by its owner only: it holds secrets.
func create(path string) (os.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return nil, fmt.Errorf("making the database file: %w", err)
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("making the database file: %w", err)
	}
	return info, nil
}

// connect returns a pool of as many connections as said, which it keeps once they are open.
func (db *DB) connect(connections int, m *marker, options url.Values) (*sql.DB, error) {
	options.Set("_busy_timeout", fmt.Sprint(busyTimeoutMillis))
	options.Set("_synchronous", "FULL")
	options.Set("_dqs", "0")
	options.Set("mode", "rw") // the file is there; if it is removed, no empty one takes its place
	if db.exclusive {
		options.Set("vfs", exclusiveVFS)
	}
	file := url.URL{Scheme: "file", Path: db.path, RawQuery: options.Encode()}
	engine, err := sqlite.NewConnector(file.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", db.path, err)
	}
	pool := sql.OpenDB(connector{engine, db.watch, m})
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// cacheSize returns the pragma for a page cache; SQLite takes a negative number as KiB.
func cacheSize(kib int) string { return fmt.Sprintf("cache_size(-%d)", kib) }
