package storetest

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// Fill stores records of every kind, using the store's own writes. Each field is set in at least one record,
// and each state occurs.
func Fill(t testing.TB, store Store) {
	t.Helper()
	s := &suite{Store: store}
	s.setUp(t)
	fixed := money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "KWD", Units: 3, Nanos: 1_000_000}}
	_, err := s.UpdateOffer(t.Context(), "11", func(o domain.Offer) (domain.Offer, error) {
		o.UniqueCodes, o.State, o.Payout, o.FallbackURL = true, domain.OfferPaused, fixed, ""
		o.Revenue = money.Payout{Kind: money.Percent, Percent: 12_345, Cap: money.Money{Currency: "JPY", Units: 100, Nanos: 1}}
		o.Revenue.Fixed.Nanos = 1
		return domain.Rotate(o, credentials("rotated"), 48*time.Hour, moment(7)), nil
	})
	must(t, err)
	_, err = s.UpdatePublisher(t.Context(), "24", func(p domain.Publisher) (domain.Publisher, error) {
		p.State, p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime, p.DeliverySecret = domain.PublisherArchived, p.DeliverySecret, moment(9), "rotated"
		return p, nil
	})
	must(t, err)
	must(t, s.InsertKey(t.Context(), key("plain")))
	_, err = s.UpdateOffer(audit.With(t.Context(), auditCall()), "10", func(o domain.Offer) (domain.Offer, error) {
		o.DisplayName, o.PostbackToken = "Renamed", "renamed"
		return o, nil
	})
	must(t, err)
	must(t, s.InsertKey(t.Context(), fullKey()))
	used := postbackToken("10", "used")
	used.LastUseTime = moment(3)
	must(t, s.InsertPostbackToken(t.Context(), used, 5))
	must(t, s.InsertPostbackToken(t.Context(), postbackToken("11", "new"), 5))
	s.approve(t, approval("10", "22", domain.ApprovalApproved))
	blocked := approval("11", "22", domain.ApprovalBlocked)
	blocked.Payout = fixed
	s.approve(t, blocked)
	s.approve(t, blocked) // which changes nothing
	capped := approval("11", "23", domain.ApprovalPending)
	capped.Payout.Cap.Units = 8
	s.approve(t, capped)
	for _, code := range []string{"SaleXYZ20", "Other", "Plain"} {
		must(t, s.create(t.Context(), coupon("10", "22", code)))
	}
	must(t, s.create(t.Context(), coupon("10", "23", "SALEXYZ20")))
	_, err = s.UpdateCoupon(t.Context(), domain.CouponID("10", "22", "OTHER"), func(c domain.Coupon) (domain.Coupon, error) {
		c.ExpireTime, c.Archived, c.Enabled, c.Settings = time.Time{}, true, false, domain.CouponSettings{}
		c.Settings.CouponGrace = domain.OptionalDuration{IsSet: true, Value: time.Minute}
		c.Payout = money.Payout{Kind: money.Percent, Percent: 1, Cap: money.Money{Currency: "USD", Units: 4, Nanos: 5}}
		c.Discount = discount.Discount{Kind: discount.Fixed, Fixed: "1.250 KWD"}
		return c, nil
	})
	must(t, err)
}
