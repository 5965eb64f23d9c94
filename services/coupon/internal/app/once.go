package app

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// Once calls do with use cases that read and write in one transaction. It stores the call and the answer that do
// returns in the same transaction, and returns the answer. If the call was made before, it returns the answer of
// that time. do may run more than once. Errors: AlreadyExists (IDEMPOTENCY_KEY_REUSED), and do's own, after which
// nothing is stored.
func (s *Service) Once(ctx context.Context, call idempotency.Call, do func(context.Context, *Service) (string, error)) (string, error) {
	defer s.memory.forget()
	answer, err := s.store.Once(ctx, call, func(ctx context.Context, within Store) (string, error) {
		bound := *s
		bound.store = within
		return do(ctx, &bound)
	})
	return answer, orMissing(err, err, "storing a call")
}
