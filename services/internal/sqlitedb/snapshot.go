package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// stepPages is the number of pages copied between two checks of the context.
const stepPages = 1024

// Source is a database that can be backed up while it serves.
type Source struct {
	db *DB
	// hold keeps all writers waiting until release is called.
	hold func(ctx context.Context) (release func(), err error)
}

// NewSource returns a source for a database. hold must keep all its writers waiting until release is called. With a nil
// hold, DB.Write must be the only writer.
func NewSource(db *DB, hold func(ctx context.Context) (release func(), err error)) *Source {
	if hold == nil {
		hold = db.hold
	}
	return &Source{db: db, hold: hold}
}

// hold keeps the writers waiting.
func (db *DB) hold(ctx context.Context) (func(), error) {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, Failure(fmt.Errorf("holding the writers: %w", err))
	}
	return func() { _ = tx.Rollback() }, nil // it has written at most a mark
}

// Snapshot is a moment of a database. It lasts until Close.
type Snapshot struct {
	// File is the name of the database file.
	File string
	pool *sql.DB
	conn *sql.Conn
}

// Snapshots returns the same moment of all sources. It includes everything committed before the call, and nothing in
// one source is later than anything in another, because all writers wait meanwhile. They wait for milliseconds only;
// they continue while a snapshot is read, and the logs grow. Snapshots refuses a source that Check refuses.
func Snapshots(ctx context.Context, sources ...*Source) (all []*Snapshot, err error) {
	defer func() {
		if err != nil {
			for _, s := range all {
				err = errors.Join(err, s.Close())
			}
			all = nil
		}
	}()
	for _, source := range sources {
		s, err := source.db.connectSnapshot(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	for _, source := range sources {
		release, err := source.hold(ctx)
		if err != nil {
			return all, err
		}
		defer release()
	}
	for _, s := range all {
		if err := s.begin(ctx); err != nil {
			return all, err
		}
	}
	return all, nil
}

// connectSnapshot opens a separate connection, so that no reader waits for it. It opens the file by name, and checks
// that this is still the file that is served.
func (db *DB) connectSnapshot(ctx context.Context) (*Snapshot, error) {
	if err := db.Check(); err != nil {
		return nil, err
	}
	pool, err := db.connect(1, nil, url.Values{"_query_only": {"1"}, "_pragma": {cacheSize(readerCacheKiB)}})
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(Failure(fmt.Errorf("opening %s again: %w", db.path, err)), pool.Close())
	}
	return &Snapshot{File: filepath.Base(db.path), pool: pool, conn: conn}, nil
}

// begin fixes the moment. A transaction begins to read at its first statement.
func (s *Snapshot) begin(ctx context.Context) error {
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return Failure(fmt.Errorf("beginning to read %s: %w", s.File, err))
	}
	var n int
	if err := s.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return Failure(fmt.Errorf("beginning to read %s: %w", s.File, err))
	}
	return nil
}

// WriteTo copies the snapshot to a new file, and syncs it to the disk.
func (s *Snapshot) WriteTo(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return fmt.Errorf("making a copy of %s: %w", s.File, err)
	}
	err = s.conn.Raw(func(connection any) error { return copyPages(ctx, connection.(conn), path) })
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("copying %s to %s: %w", s.File, path, err)
	}
	return nil
}

// copyPages copies a database as the connection's transaction sees it.
func copyPages(ctx context.Context, from conn, path string) error {
	copying, err := from.NewBackup((&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		return from.watch.note(err)
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = copying.Step(stepPages)
		}
	}
	return errors.Join(from.watch.note(err), copying.Finish())
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK") // without a transaction it fails, which does not matter
	return errors.Join(s.conn.Close(), s.pool.Close())
}

// Size returns the size of the database with its log, in bytes. A copy needs no more.
func (s *Source) Size() (int64, error) {
	var size int64
	for _, path := range []string{s.db.path, logFile(s.db.path)} {
		info, err := os.Stat(path)
		if err != nil {
			return 0, Failure(&Damage{File: path, What: "is gone", Cause: err})
		}
		size += info.Size()
	}
	return size, nil
}
