package mongostore

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
)

var _ move.Database = (*Store)(nil)

// OpenToMove connects to the deployment at a URI for a move, and migrates its schema as Open does.
func OpenToMove(ctx context.Context, uri string, role move.Role, opts ...mongodb.Option) (*Store, error) {
	return Open(ctx, uri, append(opts, mongodb.ToMove(role))...)
}

// Tables implements move.Database.
func (s *Store) Tables() []move.Table {
	return mongodb.Patient(s.offers.toMove(s.db), s.publishers.toMove(s.db), s.approvals.toMove(s.db), s.coupons.toMove(s.db), s.keys.toMove(s.db), s.postbackTokens.toMove(s.db), s.trail.entries.toMove(s.db))
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.db.SetMoveState(ctx, state)
}

// toMove returns the collection for a move, ordered by id.
func (c *collection[T, D]) toMove(db *mongodb.DB) move.Table {
	return mongodb.Moved(db, c.stored.Name(), c.all, c.id, mongodb.EachAlone(c.encode))
}
