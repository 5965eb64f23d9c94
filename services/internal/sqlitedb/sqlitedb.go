// Package sqlitedb opens SQLite database files in the way that all services use them: durable (WAL, synchronous=FULL),
// with one writing connection and a few reading ones, and migrated when opened. It detects damage when it opens a file
// and later, and says which file is damaged.
//
// Only the SQLite stores and wiring may import it; of our packages it imports apperr and move.
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
	// readers is the number of reading connections. Readers wait neither for the writer nor for each other. Four keep a
	// few cores busy, and each costs memory.
	readers = 4
	// reportReaders is the number of connections for reads that may take long. More would leave clicks and postbacks
	// too little of the processor.
	reportReaders = 4
	// The sizes of the caches in KiB. Pages that are not cached come from the operating system's cache, which is cheap.
	// Small machines lack memory of our own.
	writerCacheKiB = 8192
	readerCacheKiB = 1024
	// busyTimeoutMillis is how long a connection waits for a lock that another process holds.
	busyTimeoutMillis = 5000
	// walLimitBytes is the size that a larger write-ahead log is truncated to.
	walLimitBytes = 64 << 20
	// closeTimeout bounds how long Close waits for a running transaction.
	closeTimeout = 5 * time.Second
)

// DB is a SQLite database file. No other process has it open.
type DB struct {
	path string
	// exclusive is set by Exclusive.
	exclusive bool
	lock      *fileLock
	watch     *watch
	marker    *marker
	log       *slog.Logger
	writer    *sql.DB
	reader    *sql.DB
	report    *sql.DB
	// file describes the database file when it was opened.
	file os.FileInfo
}

// Open opens the database file at path. It creates the file and its directory if they do not exist, and applies the
// missing migrations: files named NNNNN_subject.sql in goose's format. It refuses a file that has migrations unknown to
// this program, one that is open already, here or in another process (ErrInUse; the error names that process), one with
// an unfinished move, one in a directory with an unfinished restore, and one where a check of two seconds finds
// damage (a *Damage).
func Open(ctx context.Context, path string, migrations fs.FS, opts ...Option) (*DB, error) {
	o := options{log: slog.New(slog.DiscardHandler)}
	for _, option := range opts {
		option(&o)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the database file: %w", err)
	}
	if err := CheckRestored(filepath.Dir(path)); err != nil {
		return nil, err
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
	// query_only keeps readers from writing. mode=ro would not work: if a read-only connection comes first after the
	// log was removed, it cannot open the file.
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

// begin checks the file and migrates it.
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

// Read returns the pool of connections for short reads. It refuses writes.
func (db *DB) Read() *sql.DB { return db.reader }

// Reports returns a pool of separate reading connections, for lists, sums and exports, which may read every row. Reads
// through Read never wait for them.
func (db *DB) Reports() *sql.DB { return db.report }

// Writer returns the pool with the one writing connection. While one caller has it, all others wait. Its transactions
// take the write lock when they begin.
func (db *DB) Writer() *sql.DB { return db.writer }

// Write runs do in a write transaction, one at a time, and commits it durably. If do or the commit fails, nothing is
// written, and Write returns the error, mapped by Failure.
func (db *DB) Write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return Failure(fmt.Errorf("beginning a transaction: %w", err))
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := do(tx); err != nil {
		return Failure(orEnd(ctx, err))
	}
	if err := tx.Commit(); err != nil {
		return Failure(fmt.Errorf("committing: %w", orEnd(ctx, err)))
	}
	return nil
}

// orEnd returns the context's error, if database/sql has rolled back a transaction because the context ended, and err
// otherwise.
func orEnd(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Check checks that the file is reliable: it is where it was opened, and no damage was found. Failure maps its error.
// It reads from the disk and does not write.
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

// WriteProbe is a statement that writes to a database without changing data.
const WriteProbe = "PRAGMA application_id = 0"

// Ping checks the file like Check, and that a durable write succeeds.
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

// Close waits at most five seconds for running queries and the running transaction, and closes the file. Waiting
// transactions fail.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	// Close the writer last: the last connection checkpoints the log into the file. Closing a pool does not wait for a
	// transaction, so take its only connection first.
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

// create creates the file if it does not exist. Only its owner can read it, because it has secrets.
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

// connect returns a pool of that many connections. It keeps them open.
func (db *DB) connect(connections int, m *marker, options url.Values) (*sql.DB, error) {
	options.Set("_busy_timeout", fmt.Sprint(busyTimeoutMillis))
	options.Set("_synchronous", "FULL")
	options.Set("_dqs", "0")
	options.Set("mode", "rw") // if the file was removed, do not create an empty one
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

// cacheSize returns the pragma for a page cache. SQLite reads a negative number as KiB.
func cacheSize(kib int) string { return fmt.Sprintf("cache_size(-%d)", kib) }
