package rules_test

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

var sale = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// offer returns an active offer with the default settings.
func offer() rules.Offer {
	return rules.Offer{ID: "10", Active: true, Precedence: rules.CodeFirst, ClickWindow: 30 * 24 * time.Hour, StartStatus: rules.StatusApproved, CurrencyCode: "USD"}
}

// coupon returns a coupon of a publisher that is valid at the time of the sale.
func coupon(publisher string) rules.Coupon {
	return rules.Coupon{
		Offer: "10", Publisher: publisher, Code: "SALEXYZ20", StartTime: sale.Add(-time.Hour), ExpireTime: sale.Add(time.Hour),
		Enabled: true, Approved: true, OfferActive: true,
	}
}

// click returns a publisher's click an hour before the sale.
func click(publisher string) *rules.Click {
	return &rules.Click{ID: "c1", Offer: "10", Publisher: publisher, Time: sale.Add(-time.Hour)}
}

type claimOption func(*rules.Claim)

// claim returns a claim on the offer at the time of the sale, refined by options.
func claim(options ...claimOption) rules.Claim {
	c := rules.Claim{Offer: offer(), Time: sale}
	for _, option := range options {
		option(&c)
	}
	return c
}

func withCode(coupons ...rules.Coupon) claimOption {
	return func(c *rules.Claim) { c.Code, c.Coupons = "SALEXYZ20", coupons }
}

func withClick(click *rules.Click) claimOption {
	return func(c *rules.Claim) { c.ClickID, c.Click, c.ClickApproved = "c1", click, true }
}

func changed(c rules.Coupon, change func(*rules.Coupon)) rules.Coupon {
	change(&c)
	return c
}

func aged(c *rules.Click, age time.Duration) *rules.Click {
	older := *c
	older.Time = sale.Add(-age)
	return &older
}

func grace(d time.Duration) claimOption { return func(c *rules.Claim) { c.Offer.CouponGrace = d } }

func precedence(p rules.Precedence) claimOption {
	return func(c *rules.Claim) { c.Offer.Precedence = p }
}

func clickCoupon(coupon rules.Coupon) claimOption {
	return func(c *rules.Claim) { c.ClickCoupon = &coupon }
}
