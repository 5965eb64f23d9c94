package domain_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func TestGroundsTellWhatWasConsidered(t *testing.T) {
	day := 24 * time.Hour
	late := changed(coupon("33"), func(c *domain.Coupon) { c.ExpireTime = sale.Add(-time.Hour) })
	mine := changed(coupon("22"), func(c *domain.Coupon) {
		c.ExpireTime, c.Settings.CouponGrace, c.Settings.Precedence = time.Time{}, &day, domain.ClickFirst
	})
	old := aged(click("44"), 31*day)
	old.Coupon = "offers/10/coupons/44.OTHER"
	c := claim(withCode(mine, late), withClick(old), grace(time.Minute))
	c.Offer.ETag = "e7"
	want := domain.Basis{
		Rule:  "CLICK_FIRST: without a click that counts, a code that means exactly one valid coupon earns.",
		Click: &domain.ConsideredClick{Click: "c1", Publisher: "44", Coupon: "offers/10/coupons/44.OTHER", Time: old.Time, Reason: domain.ClickTooOld},
		Coupons: []domain.ConsideredCoupon{
			{Coupon: "offers/10/coupons/22.SALEXYZ20", Publisher: "22", StartTime: mine.StartTime},
			{Coupon: "offers/10/coupons/33.SALEXYZ20", Publisher: "33", StartTime: late.StartTime, ExpireTime: late.ExpireTime, Reason: domain.Expired},
		},
		Precedence: domain.ClickFirst, ClickWindow: 30 * day, CouponGrace: day, OfferETag: "e7",
	}
	if got := domain.Attribute(c).Basis; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

func TestGroundsNameTheRule(t *testing.T) {
	inactive := claim(withCode(coupon("22")))
	inactive.Offer.Active = false
	for rule, c := range map[string]domain.Claim{
		"An offer that is not active": inactive,
		"neither a code nor a click":  claim(),
		"CODE_FIRST: a code":          claim(withCode(coupon("22"))),
		"CLICK_FIRST: a click":        claim(withCode(coupon("22")), withClick(click("33")), precedence(domain.ClickFirst)),
		"CLICK_FIRST: without":        claim(withCode(coupon("22")), precedence(domain.ClickFirst)),
		"ONLY_IF_CLICKED: a code":     claim(withCode(coupon("22")), withClick(click("22")), precedence(domain.OnlyIfClicked)),
		"several valid coupons":       claim(withCode(coupon("22"), coupon("33"))),
		"A click of an approved":      claim(withClick(click("22"))),
		"leaves the sale to a click":  claim(withCode(), withClick(click("22"))),
		"Without a code or a click":   claim(withCode()),
	} {
		if got := domain.Attribute(c).Basis.Rule; !strings.Contains(got, rule) {
			t.Errorf("got %q, want %q", got, rule)
		}
	}
}

// TestGroundsOfAnExpiredCouponTellItsGrace: else nobody could tell why it had expired.
func TestGroundsOfAnExpiredCouponTellItsGrace(t *testing.T) {
	own := time.Minute
	late := changed(coupon("22"), func(c *domain.Coupon) { c.ExpireTime, c.Settings.CouponGrace = sale.Add(-time.Hour), &own })
	if got := domain.Attribute(claim(withCode(late), grace(2*time.Hour))).Basis.CouponGrace; got != own {
		t.Errorf("got %v", got)
	}
}

func TestGroundsAreBounded(t *testing.T) {
	var coupons []domain.Coupon
	for i := range 100 {
		coupons = append(coupons, changed(coupon(fmt.Sprint(i)), func(c *domain.Coupon) { c.Enabled = i == 99 }))
	}
	d := domain.Attribute(claim(withCode(coupons...)))
	if n := len(d.Basis.Coupons); d.Publisher != "99" || n != 21 || d.Basis.Coupons[n-1].Publisher != "99" {
		t.Errorf("%d coupons are told of; the credited one must be among them", n)
	}
}
