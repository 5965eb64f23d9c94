package mongostore

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/idempotency/mongocalls"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// Once stores a call and what it does in one transaction. The unique `_id` lets one of concurrent calls with the same
// id commit; the others start over and find it.
func (s *Store) Once(
	ctx context.Context, call idempotency.Call, do func(context.Context, app.Store) (string, error),
) (string, error) {
	return s.once(ctx, call, func(ctx context.Context, bound *Store) (string, error) { return do(ctx, bound) })
}

// OnceForKeys implements keys.Store.
func (s *Store) OnceForKeys(
	ctx context.Context, call idempotency.Call, do func(context.Context, keys.Store) (string, error),
) (string, error) {
	return s.once(ctx, call, func(ctx context.Context, bound *Store) (string, error) { return do(ctx, bound) })
}

func (s *Store) once(
	ctx context.Context, call idempotency.Call, do func(context.Context, *Store) (string, error),
) (answer string, err error) {
	for range createAttempts {
		err = s.db.InTransaction(mongodb.WithLimit(ctx, bulkTimeout), func(ctx context.Context) error {
			earlier, err := mongocalls.Find(ctx, s.db, call)
			if err != nil {
				return err
			}
			if earlier != nil {
				var found bool
				if answer, found, err = earlier.Replay(call); found || err != nil {
					return err
				}
			}
			bound := *s
			bound.within = true
			if answer, err = do(ctx, &bound); err != nil {
				return err
			}
			return mongocalls.Put(ctx, s.db, idempotency.Record{Call: call, Answer: answer}, earlier)
		})
		if !errors.Is(err, mongocalls.ErrTaken) && !errors.Is(err, app.ErrExists) && !errors.Is(err, errCollision) {
			break
		}
	}
	if err == nil {
		return answer, nil
	}
	// The failure may be the effect of a concurrent call with the same id, or a commit that was not confirmed.
	if earlier, unread := mongocalls.Find(ctx, s.db, call); unread == nil && earlier != nil {
		if answer, found, _ := earlier.Replay(call); found {
			return answer, nil
		}
	}
	return "", err
}

// inTransaction runs do in a transaction: the one that the Store is bound to, if any.
func (s *Store) inTransaction(ctx context.Context, do func(context.Context) error) error {
	if s.within {
		return do(ctx)
	}
	return s.db.InTransaction(ctx, do)
}
