package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestAttributeNeverGuesses checks what must hold whatever is claimed: a credited publisher is the
// holder of a valid coupon or the maker of a click that counts, and there is exactly one.
func TestAttributeNeverGuesses(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		c := drawClaim(t)
		d := domain.Attribute(c)
		if (d.Outcome == domain.Attributed) != (d.Publisher != "" && d.Method != domain.NoMethod) {
			t.Fatalf("outcome %s with publisher %q and method %q", d.Outcome, d.Publisher, d.Method)
		}
		if d.Outcome == domain.Unattributed && d.Reason == domain.NoReason {
			t.Fatal("unattributed without a reason")
		}
		if d.Outcome == domain.Attributed && d.Coupon != nil && d.Coupon.Publisher != d.Publisher {
			t.Fatalf("coupon of %s, credit to %s", d.Coupon.Publisher, d.Publisher)
		}
		if d.Method == domain.CouponCode {
			checkCodeCredit(t, c, d)
		}
		if d.Outcome == domain.Attributed && d.Method != domain.CouponCode {
			checkClickCredit(t, c, d)
		}
		checkBasis(t, c, d)
	})
}

// graceOf is the grace that a coupon is judged by.
func graceOf(c domain.Claim, coupon domain.Coupon) time.Duration {
	if own := coupon.Settings.CouponGrace; own != nil {
		return *own
	}
	return c.Offer.CouponGrace
}

// checkCodeCredit checks that the coupon credited is valid, has no rival, and may earn by its code.
func checkCodeCredit(t *rapid.T, c domain.Claim, d domain.Decision) {
	t.Helper()
	if r := d.Coupon.Judge(c.Time, graceOf(c, *d.Coupon)); r != domain.NoReason {
		t.Fatalf("credited a coupon that is %s", r)
	}
	for _, other := range couponsOf(c) {
		rival := other.Publisher != d.Publisher && (c.Publisher == "" || other.Publisher == c.Publisher)
		grace := graceOf(c, other)
		if d.Coupon.Judge(c.Time, 0) == domain.NoReason {
			grace = 0 // One that needs no grace gives way to none that does.
		}
		if rival && other.Judge(c.Time, grace) == domain.NoReason && (c.Click == nil || c.Click.Publisher != d.Publisher) {
			t.Fatalf("credited %s although %s has the code too", d.Publisher, other.Publisher)
		}
	}
	p := d.Coupon.Settings.Precedence
	if p == "" {
		p = c.Offer.Precedence
	}
	if p == domain.OnlyIfClicked && !d.Click {
		t.Fatal("ONLY_IF_CLICKED: credited a code without its publisher's click")
	}
	if counts := c.Click != nil && d.Basis.Click.Reason == domain.NoReason; p == domain.ClickFirst && counts {
		t.Fatal("CLICK_FIRST: credited a code although a click counts")
	}
}

// couponsOf are the coupons of the offer that have one of the codes.
func couponsOf(c domain.Claim) []domain.Coupon {
	all := slices.Clone(c.Coupons)
	for _, code := range c.More {
		all = append(all, code.Coupons...)
	}
	return all
}

// TestAttributeWithoutOrder checks that the order of the codes decides only which of a publisher's coupons
// earns, and that each code's fate is reported.
func TestAttributeWithoutOrder(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		c := drawClaim(t)
		if len(c.More) == 0 {
			return
		}
		turned := c
		last := c.More[len(c.More)-1]
		turned.Code, turned.Coupons, turned.CodeElsewhere = last.Code, last.Coupons, last.Elsewhere
		turned.More = append([]domain.ClaimedCode{{Code: c.Code, Coupons: c.Coupons, Elsewhere: c.CodeElsewhere}}, c.More[:len(c.More)-1]...)
		d, other := domain.Attribute(c), domain.Attribute(turned)
		own := func(c domain.Claim) bool { // a coupon's own settings may depend on which coupon it is
			return slices.ContainsFunc(couponsOf(c), func(c domain.Coupon) bool { return c.Settings.Precedence != "" })
		}
		if !own(c) && (d.Outcome != other.Outcome || d.Publisher != other.Publisher || len(d.Candidates) != len(other.Candidates)) {
			t.Fatalf("%+v\nturned: %+v", d, other)
		}
		if len(d.Basis.Codes) != len(c.More)+1 {
			t.Fatalf("the fates are %+v", d.Basis.Codes)
		}
		for i, fate := range d.Basis.Codes {
			if want := append([]string{c.Code}, codesOf(c.More)...)[i]; fate.Code != want {
				t.Fatalf("fate %d is of code %s, want %s", i, fate.Code, want)
			}
			checkFate(t, d, fate)
		}
	})
}

// checkFate checks that the decision's explanation tells what happened to each code that did not earn, and that
// the code that earned is the decision's.
func checkFate(t *rapid.T, d domain.Decision, fate domain.ConsideredCode) {
	t.Helper()
	earned := strings.HasSuffix(fate.Explanation, ", and earned the sale.")
	if earned == strings.Contains(d.Explanation, fate.Explanation) {
		t.Fatalf("%+v\nis not told, or told twice: %q", fate, d.Explanation)
	}
	if earned && (d.Outcome != domain.Attributed || fate.Coupon != d.Coupon.Name()) {
		t.Fatalf("%+v\nis said to have earned, but the decision is %+v", fate, d)
	}
	if d.Method == domain.CouponCode && fate.Code == d.Coupon.Code && !earned {
		t.Fatalf("%+v\nearned, and is not said to have", fate)
	}
}

func codesOf(claimed []domain.ClaimedCode) []string {
	var codes []string
	for _, one := range claimed {
		codes = append(codes, one.Code)
	}
	return codes
}

// checkClickCredit checks that the click credited is there, and within the window of the coupon by
// whose link it came, else of the offer.
func checkClickCredit(t *rapid.T, c domain.Claim, d domain.Decision) {
	t.Helper()
	window := c.Offer.ClickWindow
	if c.ClickCoupon != nil && c.Click.Reason == domain.NoReason && c.ClickCoupon.Settings.ClickWindow > 0 {
		window = c.ClickCoupon.Settings.ClickWindow
	}
	if c.Click == nil || d.Publisher != c.Click.Publisher || c.Time.Sub(c.Click.Time) > window {
		t.Fatalf("credited a click that does not count: %+v", c.Click)
	}
}

// checkBasis checks that what a decision rests on is told, and does not speak against it.
func checkBasis(t *rapid.T, c domain.Claim, d domain.Decision) {
	t.Helper()
	g := d.Basis
	if g.Rule == "" || g.Precedence == "" || g.ClickWindow == 0 || len(g.Coupons) != len(couponsOf(c)) || (g.Click == nil) != (c.Click == nil) {
		t.Fatalf("grounds %+v", g)
	}
	if d.Outcome == domain.Attributed && d.Method != domain.CouponCode && g.Click.Reason != domain.NoReason {
		t.Fatalf("credited a click that is %s", g.Click.Reason)
	}
	for _, coupon := range g.Coupons {
		if d.Method == domain.CouponCode && coupon.Coupon == d.Coupon.Name() && coupon.Reason != domain.NoReason {
			t.Fatalf("credited a coupon that is %s", coupon.Reason)
		}
	}
}

func drawClaim(t *rapid.T) domain.Claim {
	publishers := rapid.SampledFrom([]string{"22", "33", "44"})
	around := func(label string) time.Time {
		return sale.Add(time.Duration(rapid.IntRange(-48, 48).Draw(t, label)) * time.Hour)
	}
	c := claim(precedence(rapid.SampledFrom(precedences()).Draw(t, "precedence")))
	c.Offer.CouponGrace = time.Duration(rapid.IntRange(0, 24).Draw(t, "grace")) * time.Hour
	c.Offer.Active = rapid.IntRange(0, 9).Draw(t, "active") > 0
	c.Offer.ClickWindow = time.Duration(rapid.IntRange(1, 48).Draw(t, "window")) * time.Hour
	if rapid.Bool().Draw(t, "has code") {
		holders := func(code string) (coupons []domain.Coupon) {
			for _, p := range rapid.SliceOfNDistinct(publishers, 0, 3, rapid.ID[string]).Draw(t, "holders") {
				coupons = append(coupons, changed(coupon(p), func(c *domain.Coupon) {
					c.Code = code
					c.StartTime, c.ExpireTime = around("start"), around("expire")
					c.Enabled, c.Approved = rapid.Bool().Draw(t, "enabled"), rapid.Bool().Draw(t, "approved")
					c.Settings = drawSettings(t)
				}))
			}
			return coupons
		}
		c.Code = "SALEXYZ20"
		c.Coupons = holders(c.Code)
		for i := range rapid.IntRange(0, 3).Draw(t, "more codes") {
			code := fmt.Sprint("MORE", i)
			c.More = append(c.More, domain.ClaimedCode{Code: code, Coupons: holders(code), Elsewhere: rapid.Bool().Draw(t, "elsewhere")})
		}
	}
	if rapid.Bool().Draw(t, "has pub_id") {
		c.Publisher = publishers.Draw(t, "pub_id")
	}
	if rapid.Bool().Draw(t, "has click") {
		c.ClickID, c.ClickApproved = "c1", rapid.Bool().Draw(t, "click approved")
		c.Click = &domain.Click{ID: "c1", Offer: rapid.SampledFrom([]string{"10", "11"}).Draw(t, "click offer"), Publisher: publishers.Draw(t, "click publisher"), Time: around("click time")}
		if rapid.Bool().Draw(t, "has link") {
			linked := changed(coupon(c.Click.Publisher), func(c *domain.Coupon) { c.Settings = drawSettings(t) })
			c.Click.Coupon, c.ClickCoupon = linked.Name(), &linked
			c.Click.Reason = rapid.SampledFrom([]domain.Reason{domain.NoReason, domain.Expired}).Draw(t, "click reason")
		}
	}
	return c
}

func precedences() []domain.Precedence {
	return []domain.Precedence{domain.CodeFirst, domain.ClickFirst, domain.OnlyIfClicked}
}

// drawSettings draws settings of a coupon's own, some of them unset.
func drawSettings(t *rapid.T) domain.CouponSettings {
	s := domain.CouponSettings{
		Precedence:  rapid.SampledFrom(append(precedences(), "")).Draw(t, "own precedence"),
		ClickWindow: time.Duration(rapid.IntRange(0, 48).Draw(t, "own window")) * time.Hour,
	}
	if rapid.Bool().Draw(t, "has own grace") {
		grace := time.Duration(rapid.IntRange(0, 24).Draw(t, "own grace")) * time.Hour
		s.CouponGrace = &grace
	}
	return s
}
