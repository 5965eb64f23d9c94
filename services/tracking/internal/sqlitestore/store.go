// Package sqlitestore keeps the tracking service's clicks, conversions, journal and deliveries in one
// SQLite file. It is the embedded default.
//
// Only the tracking service's wiring and tests may import it. Of this module it imports app, domain, and the
// shared packages for stores.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/answers"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/offerscans"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/savedreports"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/uses"
)

//go:embed migrations/*.sql
var migrations embed.FS

// FileName is the name of the database file.
const FileName = "tracking.db"

// maxWaiting is how many writes may wait for the one under way; it is also the largest batch. At some 40 µs
// each, the last one waits a third of a second.
const maxWaiting = 4096

// The parts of the store.
type (
	offerScans      = offerscans.Store
	savedReports    = savedreports.Store
	deferredReports = deferred.Store
	couponAnswers   = answers.Store
	couponUses      = uses.Store
	sentDeliveries  = deliveries.Store
)

// Store keeps everything that the tracking service stores, in SQLite. All its writes go through one queue to one
// connection, a transaction for each batch; reads have connections of their own.
type Store struct {
	*offerScans
	*savedReports
	*deferredReports
	*couponAnswers
	*couponUses
	*sentDeliveries

	db         *sqlitedb.DB
	click      *sql.Stmt
	conversion *sql.Stmt
	writer     *writer
	queue      *groupcommit.Writer[*job]
	purge      *purge
	// exports has an entry for each running export, recounts one for the running recount.
	exports, recounts chan struct{}
	exportTimes       exportTimes

	calendar rollup.Calendar
	now      func() time.Time
	waiting  *sql.Stmt
	feedID   string
	// countMillis is the time that everything is known to be counted up to; 0 until the first count since the
	// store was opened.
	countMillis atomic.Int64
	// countRoom is how many cells the next counting task may make.
	countRoom atomic.Int64
}

// Options configure a store.
type Options struct {
	// Retention is how long entries of the journal are kept.
	Retention time.Duration
	// ClickRetention is how long clicks are kept; 0: 400 days.
	ClickRetention time.Duration
	// Calendar has the days and months of the figures. If its zone changed, all figures are recounted.
	Calendar rollup.Calendar
	// Now is the clock. It alone never makes the store delete anything: see horizon.
	Now func() time.Time
	// Exclusive is sqlitedb.Exclusive.
	Exclusive bool
	// Log gets migrations, and how many old rows are deleted; nil: nothing is logged.
	Log *slog.Logger
}

// Open opens the file tracking.db in a directory, which is created if needed. Only one store at a time may have
// it open.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	db, err := openFile(ctx, dir, sqlitedb.Exclusive(o.Exclusive), sqlitedb.WithLog(o.Log))
	if err != nil {
		return nil, err
	}
	if err := begin(ctx, db, o.Calendar); err != nil {
		return nil, errors.Join(sqlitedb.Failure(fmt.Errorf("beginning to work: %w", err)), db.Close())
	}
	s, err := newStore(ctx, db, o)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := s.addDiscounts(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("adding discounts to the figures: %w", err), s.Close())
	}
	s.purge = startPurge(s.queue, o)
	return s, nil
}

func openFile(ctx context.Context, dir string, opts ...sqlitedb.Option) (*sqlitedb.DB, error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	return sqlitedb.Open(ctx, filepath.Join(dir, FileName), steps, opts...)
}

// begin ends what a dead process had begun, and recounts all figures if their days are those of another zone.
func begin(ctx context.Context, db *sqlitedb.DB, calendar rollup.Calendar) error {
	for _, void := range []string{deliveries.AtStart, offerscans.AtStart, deferred.AtStart} {
		if _, err := db.Writer().ExecContext(ctx, void); err != nil {
			return err
		}
	}
	return beginCounting(ctx, db, calendar)
}

// newStore returns a store on a file. It starts no background work.
func newStore(ctx context.Context, db *sqlitedb.DB, o Options) (*Store, error) {
	s := &Store{db: db, exports: make(chan struct{}, maxExports), recounts: make(chan struct{}, 1), exportTimes: defaultExportTimes(), calendar: o.Calendar, now: o.Now}
	s.offerScans, s.savedReports = offerscans.New(db, s.run), savedreports.New(db, s.run)
	s.couponAnswers, s.couponUses = answers.New(db, s.run), uses.New(db, s.run)
	s.sentDeliveries = deliveries.New(db, s.run, func(ctx context.Context, write deliveries.Write) error {
		return s.queue.Write(ctx, &job{delivery: write})
	})
	s.countRoom.Store(countCells)
	if err := s.prepare(ctx); err != nil {
		return nil, sqlitedb.Failure(fmt.Errorf("preparing statements: %w", err))
	}
	s.queue = groupcommit.New(maxWaiting, s.writer.write)
	return s, nil
}

// prepare prepares the statements that are run repeatedly.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.click, err = s.db.Read().PrepareContext(ctx, selectClick); err != nil {
		return err
	}
	if s.conversion, err = s.db.Read().PrepareContext(ctx, selectConversion); err != nil {
		return err
	}
	if s.waiting, err = s.db.Read().PrepareContext(ctx, selectWaiting); err != nil {
		return err
	}
	if err = s.db.Read().QueryRowContext(ctx, selectFeedID).Scan(&s.feedID); err != nil {
		return err
	}
	if s.deferredReports, err = deferred.Open(ctx, s.db, s.run, writeEntry); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s.db.Writer(), s.calendar)
	return err
}

func (s *Store) InsertClick(ctx context.Context, click domain.Click) error {
	j := &job{click: &click}
	if err := s.queue.Write(ctx, j); err != nil {
		return err
	}
	if j.rows == 0 {
		return fmt.Errorf("click %s exists already", click.ID)
	}
	return nil
}

func (s *Store) Click(ctx context.Context, id string) (domain.Click, error) {
	click, err := clickColumns.Read(s.click.QueryRowContext(ctx, sqlrow.TimeKey(id)))
	return click, sqlrow.ReadFailure("reading a click", err)
}

// Ping checks with a durable write that the file can be written and relied on.
func (s *Store) Ping(ctx context.Context) error {
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := tx.Exec(ctx, sqlitedb.WriteProbe)
		return err
	}})
	if err != nil {
		return fmt.Errorf("writing to %s: %w", FileName, err)
	}
	return s.db.Check()
}

// run runs a task of a part of the store, in the transaction that ctx joins, if any.
func (s *Store) run(ctx context.Context, task func(context.Context, *sqlrow.Tx) error) error {
	if tx := sqlrow.Joined(ctx); tx != nil {
		return task(ctx, tx)
	}
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error { return task(ctx, tx.Tx) }})
}

// Source returns the store as a source of backups.
func (s *Store) Source() *sqlitedb.Source { return sqlitedb.NewSource(s.db, s.hold) }

// hold stops the writer until release is called. Everything that it acknowledged is committed by then.
func (s *Store) hold(ctx context.Context) (release func(), err error) {
	held, done, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.queue.Write(context.WithoutCancel(ctx), &job{task: func(context.Context, *tx) error {
			close(held)
			<-done
			return nil
		}})
	}()
	release = sync.OnceFunc(func() { close(done) })
	select {
	case <-held:
		return release, nil
	case err := <-ended:
		return nil, fmt.Errorf("holding the writer: %w", err)
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}

// Close writes what is queued and closes the file.
func (s *Store) Close() error {
	if s.purge != nil {
		s.purge.end()
	}
	s.queue.Close()
	return errors.Join(s.writer.close(), s.click.Close(), s.conversion.Close(), s.waiting.Close(), s.db.Close())
}
