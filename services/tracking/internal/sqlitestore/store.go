// Package sqlitestore keeps the tracking service's clicks, conversions, journal and deliveries in one
// SQLite file. It is the embedded default of flow.Store.
//
// Only the tracking service's wiring and tests may import it; of ours it imports flow, rules, and
// the shared packages that stores are made of.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

//go:embed migrations/*.sql
var migrations embed.FS

// maxWaiting is how many writes may wait for the one under way; it is also the largest batch. At
// some 40 µs each the last of them waits for a third of a second.
const maxWaiting = 4096

// Store is a flow.Store on SQLite. All its writes go through one queue to one connection, a
// transaction for each batch; reads have connections of their own.
type Store struct {
	db         *sqlitedb.DB
	click      *sql.Stmt
	conversion *sql.Stmt
	writer     *writer
	queue      *groupcommit.Writer[*job]
	purge      *purge
	// exports has an entry for each export under way.
	exports chan struct{}
}

var _ flow.Store = (*Store)(nil)

// Open opens the file tracking.db in a directory, which is made if need be. Entries of the journal are
// kept for retention.
func Open(ctx context.Context, dir string, retention time.Duration) (*Store, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	db, err := sqlitedb.Open(ctx, filepath.Join(dir, "tracking.db"), steps)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, exports: make(chan struct{}, maxExports)}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(sqlitedb.Failure(fmt.Errorf("preparing statements: %w", err)), db.Close())
	}
	s.queue = groupcommit.New(maxWaiting, s.writer.write)
	s.purge = startPurge(s.queue, retention)
	return s, nil
}

// prepare makes what is run again and again ready once.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.click, err = s.db.Read().PrepareContext(ctx, "SELECT "+clickColumns+" FROM clicks WHERE id = ?"); err != nil {
		return err
	}
	if s.conversion, err = s.db.Read().PrepareContext(ctx, selectConversion); err != nil {
		return err
	}
	if _, err = s.db.Writer().ExecContext(ctx, voidClaims); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s.db.Writer())
	return err
}

// InsertClick implements flow.Store.
func (s *Store) InsertClick(ctx context.Context, click rules.Click) error {
	j := &job{click: &click}
	if err := s.queue.Write(ctx, j); err != nil {
		return err
	}
	if j.rows == 0 {
		return fmt.Errorf("click %s exists already", click.ID)
	}
	return nil
}

// Click implements flow.Store.
func (s *Store) Click(ctx context.Context, id string) (rules.Click, error) {
	click, err := scanClick(s.click.QueryRowContext(ctx, timeKey(id)))
	return click, readFailure("reading a click", err)
}

// readFailure is the error of a read, nil included, as flow knows it.
func readFailure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return flow.ErrNotFound
	default:
		return sqlitedb.Failure(fmt.Errorf("%s: %w", doing, err))
	}
}

// list runs a query on the reading connections.
func list[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scan)
}

// Ping says whether the file can be read.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close writes what waits and closes the file.
func (s *Store) Close() error {
	s.purge.end()
	s.queue.Close()
	return errors.Join(s.writer.close(), s.click.Close(), s.conversion.Close(), s.db.Close())
}

// fromMillis returns a stored time.
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
