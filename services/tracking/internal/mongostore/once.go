package mongostore

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/idempotency/mongocalls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Repeated implements attribution.Store.
func (s *Store) Repeated(ctx context.Context, call idempotency.Call) (answer string, found bool, err error) {
	earlier, err := mongocalls.Find(ctx, s.db, call)
	if err != nil || earlier == nil {
		return "", false, err
	}
	return earlier.Replay(call)
}

// UpdateConversionOnce implements attribution.Store. The unique `_id` lets one of concurrent calls commit; the others
// start over and find it.
func (s *Store) UpdateConversionOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (stored domain.Conversion, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		release, err := s.updating.Take(ctx, id)
		if err != nil {
			return err
		}
		defer release()
		return mongodoc.Repeated(ctx, func() error {
			return s.db.InTransaction(ctx, func(ctx context.Context) error {
				stored, err = s.updateOnce(ctx, id, once, change)
				return err
			})
		})
	})
	if err == nil {
		return stored, nil
	}
	// The failure may be the effect of a concurrent call with the same id, or a commit that was not confirmed.
	if answer, found, unread := s.Repeated(ctx, once.Call); unread == nil && found {
		err = &attribution.Made{Answer: answer}
	}
	return domain.Conversion{}, err
}

// updateOnce is one attempt, in a transaction.
func (s *Store) updateOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (domain.Conversion, error) {
	earlier, err := mongocalls.Find(ctx, s.db, once.Call)
	if err != nil {
		return domain.Conversion{}, err
	}
	if earlier != nil {
		answer, found, err := earlier.Replay(once.Call)
		if err != nil {
			return domain.Conversion{}, err
		}
		if found {
			return domain.Conversion{}, &attribution.Made{Answer: answer}
		}
	}
	stored, err := s.update(ctx, id, change, func(ctx context.Context, do func(context.Context) error) error { return do(ctx) })
	if err != nil {
		return stored, err
	}
	answer, err := once.Answer(stored)
	if err != nil {
		return stored, err
	}
	err = mongocalls.Put(ctx, s.db, idempotency.Record{Call: once.Call, Answer: answer}, earlier)
	if errors.Is(err, mongocalls.ErrTaken) {
		err = mongodoc.ErrChanged
	}
	return stored, err
}
