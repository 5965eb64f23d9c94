package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
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
		return rollup.Calendar{}, readFailure("reading the zone of the figures", err)
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
	for more := s.calendar.Zone().String() != ""; more; {
		var err error
		if more, err = s.CountNew(ctx, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// Tables implements move.Database. A table comes after those that it refers to.
func (s *Store) Tables() []move.Table {
	return []move.Table{
		conversionsToMove().of(s), clicksToMove().of(s), postbacksToMove().of(s), deliveriesToMove().of(s), usesToMove().of(s),
		deferredToMove().of(s), answersToMove().of(s), reportsToMove().of(s), scansToMove().of(s), resultsToMove().of(s),
		cellsToMove().of(s), s.countedToMove(),
	}
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		return sqlitedb.SetMoveState(state, func(statement string, args ...any) error {
			_, err := tx.exec(ctx, statement, args...)
			return err
		})
	}})
}

// movedTable is a table to move. A record's place is its key, as a JSON list of texts.
type movedTable[T any] struct {
	name string
	// query selects the records after a place, up to a limit.
	query string
	// args returns query's arguments for a key, without the limit; the empty key is before all others.
	args func(key []string) []any
	scan func(scanner) (T, error)
	key  func(*T) []string
	// put writes a record and replaces any with the same key.
	put func(context.Context, *tx, *T) error
}

// of returns the table in a store.
func (m movedTable[T]) of(s *Store) move.Table {
	return move.TableOf(m.name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		var key []string
		if after != "" {
			if err := json.Unmarshal([]byte(after), &key); err != nil {
				return nil, "", fmt.Errorf("%q is no place in %s: %w", after, m.name, err)
			}
		}
		records, err := list(ctx, s, m.scan, m.query, append(m.args(key), limit)...)
		if err != nil || len(records) == 0 {
			return nil, "", readFailure("reading "+m.name, err)
		}
		place, err := json.Marshal(m.key(&records[len(records)-1]))
		return records, string(place), err
	}, func(ctx context.Context, records []T) error {
		return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
			for i := range records {
				if err := m.put(ctx, tx, &records[i]); err != nil {
					return fmt.Errorf("%q: %w", m.key(&records[i]), err)
				}
			}
			return nil
		}})
	})
}

// afterKey returns the query for the rows of a table after a key, up to a limit.
func afterKey[T any](name string, columns, key table.Columns[T]) string {
	return columns.From(name) + " WHERE (" + key.Names() + ") > (" + strings.TrimSuffix(strings.Repeat("?, ", len(key)), ", ") + ") ORDER BY " +
		key.Names() + " LIMIT ?"
}

// replaceIn returns a function that writes a row of a table and replaces any with the same key.
func replaceIn[T any](name string, columns table.Columns[T]) func(context.Context, *tx, *T) error {
	statement := "REPLACE" + columns.Into(name)
	return func(ctx context.Context, tx *tx, row *T) error {
		_, err := write(ctx, tx, statement, columns, row)
		return err
	}
}

// texts returns the n texts of a key as arguments; missing ones are "", which sorts before all others.
func texts(key []string, n int) []any {
	args := make([]any, n)
	for i := range args {
		args[i] = ""
		if i < len(key) {
			args[i] = key[i]
		}
	}
	return args
}

// countedToMove is the mark that everything is counted up to. It is written after everything that it covers.
func (s *Store) countedToMove() move.Table {
	const (
		selectCounted = `SELECT zone FROM counted WHERE ? = '' AND zone <> '' AND EXISTS (SELECT 1 FROM figures)`
		setCounted    = `UPDATE counted SET zone = ?, click = ifnull((SELECT max(id) FROM clicks), ''),
			conversion = ifnull((SELECT max(rowid) FROM conversions), 0), ready = 1, count_time = ?`
	)
	return move.TableOf("counted", func(ctx context.Context, after string, _ int) ([]rollup.Counted, string, error) {
		var c rollup.Counted
		err := s.db.Read().QueryRowContext(ctx, selectCounted, after).Scan(&c.Zone)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, "", nil
		}
		return []rollup.Counted{c}, "the only one", readFailure("reading what is counted", err)
	}, func(ctx context.Context, records []rollup.Counted) error {
		return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
			for _, c := range records {
				if _, err := tx.exec(ctx, setCounted, c.Zone, s.now().UnixMilli()); err != nil {
					return err
				}
			}
			tx.cursor, err = one(ctx, tx, scanCursor, selectCursor)
			return err
		}})
	})
}
