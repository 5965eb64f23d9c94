package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var _ move.Database = (*Store)(nil)

// OpenToMove opens the file in a directory for a move. It updates the schema, but does nothing else that
// starting a service does: nothing is purged, no claim ends, and figures keep their days. In a source it counts
// everything.
func OpenToMove(ctx context.Context, dir string, role move.Role, now func() time.Time) (*Store, error) {
	db, err := openFile(ctx, dir, sqlitedb.ToMove(role))
	if err != nil {
		return nil, err
	}
	calendar, err := countedBy(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s, err := newStore(ctx, db, Options{Calendar: calendar, Now: now})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if role == move.Source {
		if err := s.countAll(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("counting what is not in the figures yet: %w", err), s.Close())
		}
	}
	return s, nil
}

// countedBy returns the calendar of the stored figures. Its zone has no name if nothing was ever counted.
func countedBy(ctx context.Context, db *sqlitedb.DB) (rollup.Calendar, error) {
	var name string
	if err := db.Read().QueryRowContext(ctx, selectZone).Scan(&name); err != nil {
		return rollup.Calendar{}, sqlrow.ReadFailure("reading the zone of the figures", err)
	}
	if name == "" {
		return rollup.NewCalendar(time.FixedZone("", 0)), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return rollup.Calendar{}, fmt.Errorf("figures are by the days of a zone that is not known here: %w", err)
	}
	return rollup.NewCalendar(zone), nil
}

// countAll counts what is not in the figures yet, if there are any.
func (s *Store) countAll(ctx context.Context) error {
	if s.calendar.Zone().String() == "" {
		return nil
	}
	for more := true; more; {
		var err error
		if more, err = s.CountNew(ctx, s.now()); err != nil {
			return err
		}
	}
	return s.addDiscounts(ctx)
}

// Tables implements move.Database. A table comes after those that it refers to.
func (s *Store) Tables() []move.Table {
	return slices.Concat(
		[]move.Table{
			conversionsToMove().In(s.db, s.run), clicksToMove().In(s.db, s.run), postbacksToMove().In(s.db, s.run),
		},
		s.sentDeliveries.Tables(), s.couponUses.Tables(), s.deferredReports.Tables(), s.couponAnswers.Tables(), s.savedReports.Tables(), s.offerScans.Tables(),
		[]move.Table{cellsToMove().In(s.db, s.run), s.countedToMove()},
	)
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		return sqlitedb.SetMoveState(state, func(statement string, args ...any) error {
			_, err := tx.Exec(ctx, statement, args...)
			return err
		})
	}})
}

// countedToMove is the mark that everything is counted up to. It is written after everything that it covers.
func (s *Store) countedToMove() move.Table {
	const (
		selectCounted = `SELECT zone, clicks_since FROM counted WHERE ? = '' AND zone <> '' AND EXISTS (SELECT 1 FROM figures)`
		setCounted    = `UPDATE counted SET zone = ?, click = ifnull((SELECT max(id) FROM clicks), ''),
			conversion = ifnull((SELECT max(rowid) FROM conversions), 0), ready = 1, discounts = 1, count_time = ?,
			clicks_since = ?`
	)
	return move.TableOf("counted", func(ctx context.Context, after string, _ int) ([]rollup.Counted, string, error) {
		var c rollup.Counted
		err := s.db.Read().QueryRowContext(ctx, selectCounted, after).Scan(&c.Zone, &c.ClicksSince)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, "", nil
		}
		return []rollup.Counted{c}, "the only one", sqlrow.ReadFailure("reading what is counted", err)
	}, func(ctx context.Context, records []rollup.Counted) error {
		return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
			for _, c := range records {
				if _, err := tx.Exec(ctx, setCounted, c.Zone, s.now().UnixMilli(), c.ClicksSince); err != nil {
					return err
				}
			}
			tx.cursor, err = sqlrow.One(ctx, tx.Tx, scanCursor, selectCursor)
			return err
		}})
	})
}
