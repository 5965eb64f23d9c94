package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

var _ move.Database = (*Store)(nil)

// OpenToMove opens the file in a directory for a move, up to date as Open leaves it.
func OpenToMove(ctx context.Context, dir string, role move.Role) (*Store, error) {
	return open(ctx, dir, sqlitedb.ToMove(role))
}

// Tables implements move.Database.
func (s *Store) Tables() []move.Table {
	return []move.Table{s.offers.toMove(s.db), s.publishers.toMove(s.db), s.approvals.toMove(s.db), s.coupons.toMove(s.db)}
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return sqlitedb.SetMoveState(state, func(statement string, args ...any) error {
			_, err := tx.ExecContext(ctx, statement, args...)
			return err
		})
	})
}

// toMove returns the table as it is moved, in the order of its ids.
func (t *table[T]) toMove(db *sqlitedb.DB) move.Table {
	return move.TableOf(t.name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name + " WHERE id > ? ORDER BY id LIMIT ?"
		found, err := collect(ctx, db.Read(), t.scan, query, after, limit)
		if len(found) > 0 {
			after = t.id(found[len(found)-1])
		}
		return found, after, err
	}, func(ctx context.Context, items []T) error {
		return db.Write(ctx, func(tx *sql.Tx) error { return t.put(ctx, tx, items) })
	})
}

// put writes rows, each in the place of the one that has its key.
func (t *table[T]) put(ctx context.Context, tx *sql.Tx, items []T) (err error) {
	columns := t.written()
	sets := make([]string, len(columns))
	for i, column := range columns {
		sets[i] = column + " = excluded." + column
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	query := "INSERT INTO " + t.name + " (" + strings.Join(columns, ", ") + ") VALUES (" + marks + ") ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ") //nolint:gosec // names that the program chose
	statement, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return t.failure("putting into", err)
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for _, item := range items {
		if _, err := statement.ExecContext(ctx, t.writtenValues(item)...); err != nil {
			return t.failure("putting into", fmt.Errorf("%s: %w", t.id(item), err))
		}
	}
	return nil
}
