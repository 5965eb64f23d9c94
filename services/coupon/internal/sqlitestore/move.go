package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

var _ move.Database = (*Store)(nil)

// OpenToMove opens the file in a directory for a move, and updates it as Open does.
func OpenToMove(ctx context.Context, dir string, role move.Role) (*Store, error) {
	return open(ctx, dir, sqlitedb.ToMove(role))
}

// Tables implements move.Database.
func (s *Store) Tables() []move.Table {
	return []move.Table{s.offers.toMove(s.db), s.publishers.toMove(s.db), s.approvals.toMove(s.db), s.coupons.toMove(s.db), s.keys.toMove(s.db), s.postbackTokens.toMove(s.db), s.trail.entries.toMove(s.db)}
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

// toMove returns a table to move, in the order of its ids.
func (t *records[T]) toMove(db *sqlitedb.DB) move.Table {
	return move.TableOf(t.name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		query := t.read.From(t.name) + " WHERE id > ? ORDER BY id LIMIT ?"
		found, err := collect(ctx, db.Read(), t.read.Read, query, after, limit)
		if len(found) > 0 {
			after = t.id(&found[len(found)-1])
		}
		return found, after, err
	}, func(ctx context.Context, items []T) error {
		return db.Write(ctx, func(tx *sql.Tx) error {
			return t.write(ctx, tx, items, "putting into", " ON CONFLICT (id) DO UPDATE SET "+t.written.Replaced())
		})
	})
}
