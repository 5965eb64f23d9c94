package attribution

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Foresee returns the result that a proven report of a sale on an offer would have now. It stores nothing. id is
// the conversion's id; click is the click that the report refers to, nil if it names no click.
func (s *Service) Foresee(ctx context.Context, id string, report domain.Report, offer domain.Offer, click *domain.Click) (domain.Decision, error) {
	claim, err := s.gather(ctx, report, offer, click)
	if err != nil {
		return domain.Decision{}, err
	}
	decision := domain.Attribute(claim)
	conversion, _ := domain.NewConversion(id, report, claim, decision, true, s.Now())
	sale, err := s.tried(ctx, domain.Sale{Conversion: conversion, Use: s.use(conversion, decision.Coupon, "")})
	if err == nil && sale.Reason == domain.LimitReached {
		decision.Outcome, decision.Reason, decision.Publisher, decision.Explanation = sale.Outcome, sale.Reason, "", sale.Explanation
	}
	return decision, err
}
