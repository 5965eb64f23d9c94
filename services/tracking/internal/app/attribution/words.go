package attribution

import (
	"context"
	"errors"
	"slices"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// withoutWordOffer removes a report's offer if it is only a word for nothing, such as null, and not an offer's
// id.
func (s *Service) withoutWordOffer(ctx context.Context, r domain.Report) domain.Report {
	if !partner.IsEmptyWord(r.Offer) {
		return r
	}
	if _, err := s.catalog.Offer(ctx, r.Offer); errors.Is(err, domain.ErrNotFound) {
		r.Warnings = append(r.Warnings, partner.LeftOut("offer_id", r.Offer))
		r.Offer = ""
	}
	return r
}

// withoutWords removes from a report a publisher and codes that are only words for nothing: no publisher has
// that id, and no coupon of the offer has that code. A word that cannot be looked up now stays.
func (s *Service) withoutWords(ctx context.Context, r domain.Report, offer string) domain.Report {
	if partner.IsEmptyWord(r.Publisher) {
		if _, err := s.catalog.Publisher(ctx, r.Publisher); errors.Is(err, domain.ErrNotFound) {
			r.Warnings = append(r.Warnings, partner.LeftOut("pub_id", r.Publisher))
			r.Publisher = ""
		}
	}
	if !partner.IsEmptyWord(r.Code) && !slices.ContainsFunc(r.More, partner.IsEmptyWord) {
		return r
	}
	var words []string
	r = r.Without(func(code string) bool {
		if !partner.IsEmptyWord(code) {
			return false
		}
		coupons, err := s.catalog.Coupons(ctx, offer, code)
		if err != nil || len(coupons) > 0 {
			return false
		}
		words = append(words, code)
		return true
	})
	for _, word := range words {
		r.Warnings = append(r.Warnings, partner.LeftOut("coupon_code", word))
	}
	return r
}
