package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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
	return mongodb.Patient(s.offers.toMove(s.db), s.publishers.toMove(s.db), s.approvals.toMove(s.db), s.coupons.toMove(s.db))
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.db.SetMoveState(ctx, state)
}

// toMove returns the collection for a move, ordered by id.
func (c *collection[T, D]) toMove(db *mongodb.DB) move.Table {
	return move.TableOf(c.stored.Name(), func(ctx context.Context, after string, limit int) ([]T, string, error) {
		filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
		found, err := c.all(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)))
		if len(found) > 0 {
			after = c.id(found[len(found)-1])
		}
		return found, after, err
	}, func(ctx context.Context, items []T) error {
		documents := make([]mongodb.Keyed, len(items))
		for i, item := range items {
			documents[i] = mongodb.Keyed{ID: c.id(item), Document: c.encode(item)}
		}
		return db.ReplaceAll(ctx, c.stored.Name(), documents)
	})
}
