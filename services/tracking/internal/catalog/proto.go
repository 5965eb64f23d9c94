package catalog

import (
	"fmt"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// offerFromProto reads an offer with its settings.
func offerFromProto(p *couponv1.Offer) (rules.Offer, error) {
	landing, err := trackinglink.Compile(p.GetLandingPageUrl())
	if err != nil {
		return rules.Offer{}, fmt.Errorf("reading landing_page_url of %s: %w", p.GetName(), err)
	}
	var fallback *trackinglink.Template
	if p.GetFallbackUrl() != "" {
		if fallback, err = trackinglink.Compile(p.GetFallbackUrl()); err != nil {
			return rules.Offer{}, fmt.Errorf("reading fallback_url of %s: %w", p.GetName(), err)
		}
	}
	payout, err := payoutFromProto(p.GetPayout())
	return rules.Offer{
		ID:            strings.TrimPrefix(p.GetName(), "offers/"),
		Active:        p.GetState() == couponv1.Offer_ACTIVE,
		Landing:       landing,
		Fallback:      fallback,
		Open:          p.GetPostbackAuth() == couponv1.Offer_OPEN,
		PostbackToken: p.GetPostbackToken(),
		Precedence:    rules.Precedence(p.GetPrecedence().String()),
		ClickWindow:   p.GetClickWindow().AsDuration(),
		CouponGrace:   p.GetCouponGrace().AsDuration(),
		Payout:        payout,
		StartStatus:   rules.Status(p.GetDefaultConversionStatus().String()),
		CurrencyCode:  p.GetCurrencyCode(),
	}, err
}

// couponFromProto reads a coupon with what its validity hangs on.
func couponFromProto(p *couponv1.Candidate) (rules.Coupon, error) {
	c := p.GetCoupon()
	payout, err := payoutFromProto(c.GetPayout())
	coupon := rules.Coupon{
		Offer:       strings.TrimPrefix(c.GetOffer(), "offers/"),
		Publisher:   strings.TrimPrefix(c.GetPublisher(), "publishers/"),
		Code:        c.GetCode(),
		StartTime:   c.GetStartTime().AsTime(),
		Enabled:     c.GetEnabled() && c.GetState() != couponv1.Coupon_ARCHIVED,
		Approved:    p.GetPublisherState() == couponv1.Publisher_ACTIVE && p.GetApprovalState() == couponv1.Approval_APPROVED,
		OfferActive: p.GetOfferState() == couponv1.Offer_ACTIVE,
		Payout:      payout,
	}
	if c.GetExpireTime() != nil {
		coupon.ExpireTime = c.GetExpireTime().AsTime()
	}
	return coupon, err
}

func payoutFromProto(p *couponv1.Payout) (money.Payout, error) {
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		m := kind.Fixed
		return money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: m.GetCurrencyCode(), Units: m.GetUnits(), Nanos: m.GetNanos()}}, nil
	case *couponv1.Payout_Percent:
		percent, err := money.ParsePercent(kind.Percent)
		return money.Payout{Kind: money.Percent, Percent: percent}, err
	default:
		return money.Payout{}, nil
	}
}
