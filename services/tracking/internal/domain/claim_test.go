package domain_test

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

var sale = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// offer returns an active offer with the default settings.
func offer() domain.Offer {
	return domain.Offer{ID: "10", Active: true, Precedence: domain.CodeFirst, ClickWindow: 30 * 24 * time.Hour, StartStatus: domain.StatusApproved, CurrencyCode: "USD"}
}

// coupon returns a coupon of a publisher that is valid at the time of the sale.
func coupon(publisher string) domain.Coupon {
	return domain.Coupon{
		Offer: "10", Publisher: publisher, Code: "SALEXYZ20", StartTime: sale.Add(-time.Hour), ExpireTime: sale.Add(time.Hour),
		Enabled: true, Approved: true, OfferActive: true,
	}
}

// click returns a publisher's click an hour before the sale.
func click(publisher string) *domain.Click {
	return &domain.Click{ID: "c1", Offer: "10", Publisher: publisher, Time: sale.Add(-time.Hour)}
}

type claimOption func(*domain.Claim)

// claim returns a claim on the offer at the time of the sale, refined by options.
func claim(options ...claimOption) domain.Claim {
	c := domain.Claim{Offer: offer(), Time: sale}
	for _, option := range options {
		option(&c)
	}
	return c
}

func withCode(coupons ...domain.Coupon) claimOption {
	return func(c *domain.Claim) { c.Code, c.Coupons = "SALEXYZ20", coupons }
}

func withClick(click *domain.Click) claimOption {
	return func(c *domain.Claim) { c.ClickID, c.Click, c.ClickApproved = "c1", click, true }
}

func changed(c domain.Coupon, change func(*domain.Coupon)) domain.Coupon {
	change(&c)
	return c
}

func aged(c *domain.Click, age time.Duration) *domain.Click {
	older := *c
	older.Time = sale.Add(-age)
	return &older
}

func grace(d time.Duration) claimOption { return func(c *domain.Claim) { c.Offer.CouponGrace = d } }

func precedence(p domain.Precedence) claimOption {
	return func(c *domain.Claim) { c.Offer.Precedence = p }
}

func clickCoupon(coupon domain.Coupon) claimOption {
	return func(c *domain.Claim) { c.ClickCoupon = &coupon }
}
