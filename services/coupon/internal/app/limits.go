package app

import (
	"context"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

// AskLimits sets who says whether usage limits are reached. Its answers are kept for a second. It must answer in time, if
// need be with an error. Call AskLimits before the first use case.
func (s *Service) AskLimits(reached func(context.Context, domain.Limits) (bool, error)) {
	// Writes don't make answers old: the etag is part of the question.
	s.limits = newShelf(&generation{}, s.Now, reached, weighOne)
}

// withLimits returns a verdict under the usage limits of its coupon. Without an answer the verdict says so.
func (s *Service) withLimits(ctx context.Context, verdict domain.Verdict) domain.Verdict {
	limits, limited := verdict.Limits()
	if !limited {
		return verdict
	}
	if s.limits == nil {
		verdict.LimitsUnknown = true
		return verdict
	}
	switch reached, err := s.limits.get(ctx, limits); {
	case err != nil:
		verdict.LimitsUnknown = true
	case reached:
		return verdict.OverLimit()
	}
	return verdict
}
