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

// Repeated implements attribution.Store and calls.Store.
func (s *Store) Repeated(ctx context.Context, call idempotency.Call) (answer string, found bool, err error) {
	earlier, err := mongocalls.Find(ctx, s.db, call)
	if err != nil || earlier == nil {
		return "", false, err
	}
	return earlier.Replay(call)
}

// Once implements calls.Store. The unique `_id` lets one of concurrent calls commit; the others start over and find it.
func (s *Store) Once(ctx context.Context, call idempotency.Call, write func(context.Context) (string, error)) (string, error) {
	answer, _, err := s.once(ctx, call, write)
	return answer, err
}

// UpdateConversionOnce implements attribution.Store.
func (s *Store) UpdateConversionOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (domain.Conversion, error) {
	release, err := s.updating.Take(ctx, id)
	if err != nil {
		return domain.Conversion{}, err
	}
	defer release()
	var stored domain.Conversion
	answer, found, err := s.once(ctx, once.Call, func(ctx context.Context) (string, error) {
		var err error
		stored, err = s.update(ctx, id, change, func(ctx context.Context, do func(context.Context) error) error { return do(ctx) })
		if err != nil {
			return "", err
		}
		return once.Answer(stored)
	})
	switch {
	case err != nil:
		return domain.Conversion{}, err
	case found:
		return domain.Conversion{}, &attribution.Made{Answer: answer}
	}
	return stored, nil
}

// once stores a call and what it writes in one transaction. found is true if the call was stored before.
func (s *Store) once(
	ctx context.Context, call idempotency.Call, write func(context.Context) (string, error),
) (answer string, found bool, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		return mongodoc.Repeated(ctx, func() error {
			return s.db.InTransaction(ctx, func(ctx context.Context) (err error) {
				answer, found, err = s.attempt(ctx, call, write)
				return err
			})
		})
	})
	if err == nil {
		return answer, found, nil
	}
	// The failure may be the effect of a concurrent call with the same id, or a commit that was not confirmed.
	if answer, found, unread := s.Repeated(ctx, call); unread == nil && found {
		return answer, true, nil
	}
	return "", false, err
}

// attempt is one attempt of once, in a transaction.
func (s *Store) attempt(
	ctx context.Context, call idempotency.Call, write func(context.Context) (string, error),
) (answer string, found bool, err error) {
	earlier, err := mongocalls.Find(ctx, s.db, call)
	if err != nil {
		return "", false, err
	}
	if earlier != nil {
		if answer, found, err = earlier.Replay(call); found || err != nil {
			return answer, found, err
		}
	}
	if answer, err = write(ctx); err != nil {
		return "", false, err
	}
	err = mongocalls.Put(ctx, s.db, idempotency.Record{Call: call, Answer: answer}, earlier)
	if errors.Is(err, mongocalls.ErrTaken) {
		err = mongodoc.ErrChanged
	}
	return answer, false, err
}
