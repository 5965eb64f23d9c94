// Package sqlitestore keeps the tracking service's clicks and conversions in one SQLite file. It is
// the embedded default of flow.Store.
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
	"github.com/couponlink/couponlink/services/internal/listing"
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
}

var _ flow.Store = (*Store)(nil)

// Open opens the file tracking.db in a directory, which is made if need be.
func Open(ctx context.Context, dir string) (*Store, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	db, err := sqlitedb.Open(ctx, filepath.Join(dir, "tracking.db"), steps)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(sqlitedb.Failure(fmt.Errorf("preparing statements: %w", err)), db.Close())
	}
	s.queue = groupcommit.New(maxWaiting, s.writer.write)
	s.purge = startPurge(s.queue)
	return s, nil
}

// prepare makes what is run again and again ready once.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.click, err = s.db.Read().PrepareContext(ctx, "SELECT "+clickColumns+" FROM clicks WHERE id = ?"); err != nil {
		return err
	}
	if s.conversion, err = s.db.Read().PrepareContext(ctx, "SELECT "+conversionColumns+", "+decisionColumn+" FROM conversions WHERE id = ?"); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s.db.Writer())
	return err
}

// InsertClick stores a click.
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

// Click returns a click by its id, or flow.ErrNotFound.
func (s *Store) Click(ctx context.Context, id string) (rules.Click, error) {
	click, err := scanClick(s.click.QueryRowContext(ctx, clickKey(id)))
	return click, readFailure("reading a click", err)
}

// InsertConversion stores a conversion unless its id is taken; then it returns the one that has it.
func (s *Store) InsertConversion(ctx context.Context, conversion rules.Conversion) (stored rules.Conversion, inserted bool, err error) {
	// Written down here and not in the one writer, for which all wait.
	decision, err := encodeGrounds(conversion.Grounds)
	if err != nil {
		return rules.Conversion{}, false, err
	}
	j := &job{conversion: &conversion, decision: decision}
	if err := s.queue.Write(ctx, j); err != nil {
		return rules.Conversion{}, false, err
	}
	if j.rows == 1 {
		return conversion, true, nil
	}
	// The batch is committed, so the earlier one can be seen; and it can never go.
	stored, err = s.Conversion(ctx, conversion.ID)
	return stored, false, err
}

// Conversion returns a conversion by its id, or flow.ErrNotFound.
func (s *Store) Conversion(ctx context.Context, id string) (rules.Conversion, error) {
	conversion, err := scanWhole(s.conversion.QueryRowContext(ctx, hashKey(id)))
	return conversion, readFailure("reading a conversion", err)
}

// Conversions returns the conversions that a query selects, without the grounds of their decisions.
func (s *Store) Conversions(ctx context.Context, q listing.Query) ([]rules.Conversion, error) {
	conversions, err := listConversions(ctx, s.db.Read(), q)
	return conversions, readFailure("listing conversions", err)
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
