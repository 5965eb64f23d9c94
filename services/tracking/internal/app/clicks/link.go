package clicks

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// BuildLink returns the tracking link for link, and its short form if only one coupon has its code.
//
// Errors: NotFound (OFFER_NOT_FOUND, PUBLISHER_NOT_FOUND, COUPON_NOT_FOUND).
func (s *Service) BuildLink(ctx context.Context, link trackinglink.Link) (url, short string, err error) {
	if _, err := s.catalog.Offer(ctx, link.Offer); err != nil {
		return "", "", domain.OrNotFound(err, "OFFER_NOT_FOUND", "offer", link.Offer)
	}
	if _, err := s.catalog.Standing(ctx, link.Offer, link.Publisher); err != nil {
		return "", "", domain.OrNotFound(err, "PUBLISHER_NOT_FOUND", "publisher", link.Publisher)
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
