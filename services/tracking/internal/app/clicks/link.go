package clicks

import (
	"cmp"
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// BuildLink returns the tracking link for link, and its short form if only one coupon has its code.
//
// Errors: NotFound (OFFER_NOT_FOUND, PUBLISHER_NOT_FOUND, COUPON_NOT_FOUND).
func (s *Service) BuildLink(ctx context.Context, link trackinglink.Link) (url, short string, err error) {
	r := rows.Of(ctx)
	if !r.HasPublisher(link.Publisher) {
		return "", "", domain.OrNotFound(domain.ErrNotFound, "PUBLISHER_NOT_FOUND", "publisher", link.Publisher)
	}
	if _, err := s.catalog.Offer(ctx, link.Offer); err != nil || !r.HasOffer(link.Offer) {
		return "", "", domain.OrNotFound(cmp.Or(err, domain.ErrNotFound), "OFFER_NOT_FOUND", "offer", link.Offer)
	}
	standing, err := s.catalog.Standing(ctx, link.Offer, link.Publisher)
	if err != nil {
		return "", "", domain.OrNotFound(err, "PUBLISHER_NOT_FOUND", "publisher", link.Publisher)
	}
	if r.LimitedByPublishers() && !standing.Approved { // it must not learn which offers there are
		return "", "", domain.OrNotFound(domain.ErrNotFound, "OFFER_NOT_FOUND", "offer", link.Offer)
	}
	if link.CouponCode == "" {
		return trackinglink.Build(s.publicURL, link), "", nil
	}
	coupons, err := s.catalog.Coupons(ctx, link.Offer, link.CouponCode)
	if err != nil {
		return "", "", err
	}
	coupon := holder(coupons, link.Publisher)
	if coupon == nil {
		return "", "", apperr.New(apperr.NotFound, "COUPON_NOT_FOUND", "publisher %s has no coupon %q on offer %s", link.Publisher, link.CouponCode, link.Offer)
	}
	link.CouponCode = coupon.Code
	everywhere, err := s.catalog.Coupons(ctx, "", link.CouponCode)
	if err != nil {
		return "", "", err
	}
	if len(everywhere) == 1 {
		short = trackinglink.Short(s.publicURL, coupon.Code)
	}
	return trackinglink.Build(s.publicURL, link), short, nil
}

// holder returns a publisher's coupon among those that have a code on one offer.
func holder(coupons []domain.Coupon, publisher string) *domain.Coupon {
	for i := range coupons {
		if coupons[i].Publisher == publisher {
			return &coupons[i]
		}
	}
	return nil
}
