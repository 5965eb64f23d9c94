package rules_test

import (
	"slices"
	"testing"
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

// attribution is a claim with the sentence of the rule that decides it, and the decision.
type attribution struct {
	says  string
	claim rules.Claim
	want  rules.Decision
}

func TestAttribute(t *testing.T) {
	for _, tt := range slices.Concat(codeCases(), sharedCases(), clickCases(), precedenceCases(), ownPrecedenceCases(), ownTimesCases()) {
		t.Run(tt.says, func(t *testing.T) {
			got := rules.Attribute(tt.claim)
			if got.Outcome != tt.want.Outcome || got.Method != tt.want.Method || got.Reason != tt.want.Reason ||
				got.Publisher != tt.want.Publisher || !slices.Equal(got.Candidates, tt.want.Candidates) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Explanation == "" || got.Grounds.Rule == "" {
				t.Error("the decision has no explanation, or no rule")
			}
		})
	}
}

// codeCases are sales decided by its code alone.
func codeCases() []attribution {
	mine := coupon("22")
	linked := click("22")
	linked.Coupon, linked.CouponCode = mine.Name(), mine.Code
	return []attribution{
		{"a valid code earns, without any click", claim(withCode(mine)), credit(rules.CouponCode, "22")},
		{"a valid code wins over another publisher's click by default", claim(withCode(mine), withClick(click("33"))), credit(rules.CouponCode, "22")},
		{"a code with a click through its own link is COUPON_LINK", claim(withCode(mine), withClick(linked)), credit(rules.CouponLink, "22")},
		{"a code with a plain click of the same publisher is COUPON_CODE", claim(withCode(mine), withClick(click("22"))), credit(rules.CouponCode, "22")},
		{"a click through the coupon's link, but too old, leaves COUPON_CODE", claim(withCode(mine), withClick(aged(linked, 31*24*time.Hour))), credit(rules.CouponCode, "22")},
		{"valid from start_time, inclusive", claim(withCode(changed(mine, func(c *rules.Coupon) { c.StartTime = sale }))), credit(rules.CouponCode, "22")},
		{"not valid a millisecond before start_time", claim(withCode(changed(mine, func(c *rules.Coupon) { c.StartTime = sale.Add(time.Millisecond) }))), none(rules.NotStarted)},
		{"valid to expire_time, exclusive", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = sale }))), none(rules.Expired)},
		{"valid a millisecond before expire_time", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = sale.Add(time.Millisecond) }))), credit(rules.CouponCode, "22")},
		{"a coupon without expire_time does not expire", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = time.Time{} }))), credit(rules.CouponCode, "22")},
		{"coupon_grace lengthens the earning", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = sale.Add(-59 * time.Minute) })), grace(time.Hour)), credit(rules.CouponCode, "22")},
		{"coupon_grace ends, exclusive", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = sale.Add(-time.Hour) })), grace(time.Hour)), none(rules.Expired)},
		{"a disabled coupon earns nothing", claim(withCode(changed(mine, func(c *rules.Coupon) { c.Enabled = false }))), none(rules.Disabled)},
		{"a coupon of a publisher who is not approved earns nothing", claim(withCode(changed(mine, func(c *rules.Coupon) { c.Approved = false }))), none(rules.NotApproved)},
		{"an unknown code is held", claim(withCode()), none(rules.UnknownCode)},
		{"a code of another offer counts as unknown", claim(withCode(), func(c *rules.Claim) { c.CodeElsewhere = true }), none(rules.OtherOffer)},
		{"an unknown code falls through to the click, the reason is kept", claim(withCode(), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.UnknownCode)},
		{"an expired code falls through to the click", claim(withCode(changed(mine, func(c *rules.Coupon) { c.ExpireTime = sale })), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.Expired)},
		{"a code not started falls through to the click", claim(withCode(changed(mine, func(c *rules.Coupon) { c.StartTime = sale.Add(1) })), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.NotStarted)},
		{"a disabled code falls through to the click", claim(withCode(changed(mine, func(c *rules.Coupon) { c.Enabled = false })), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.Disabled)},
	}
}

// sharedCases are sales decided by a code that publishers share.
func sharedCases() []attribution {
	mine := coupon("22")
	return []attribution{
		{"a code of two publishers is ambiguous", claim(withCode(mine, coupon("33"))), ambiguous("22", "33")},
		{"pub_id settles a shared code", claim(withCode(mine, coupon("33")), publisher("33")), credit(rules.CouponCode, "33")},
		{"the click's publisher settles a shared code", claim(withCode(mine, coupon("33")), withClick(click("33"))), credit(rules.CouponCode, "33")},
		{"pub_id settles before the click does", claim(withCode(mine, coupon("33")), publisher("22"), withClick(click("33"))), credit(rules.CouponCode, "22")},
		{"a click that is too old settles nothing", claim(withCode(mine, coupon("33")), withClick(aged(click("33"), 31*24*time.Hour))), ambiguous("22", "33")},
		{"a third publisher's click does not win over a shared code", claim(withCode(mine, coupon("33")), withClick(click("44"))), ambiguous("22", "33")},
		{"of a shared code, only valid coupons count", claim(withCode(mine, changed(coupon("33"), func(c *rules.Coupon) { c.Enabled = false }))), credit(rules.CouponCode, "22")},
		{"pub_id of a publisher who has no such code", claim(withCode(mine), publisher("33")), none(rules.UnknownCode)},
	}
}

// clickCases are sales decided by its click.
func clickCases() []attribution {
	mine := coupon("22")
	linked := click("22")
	linked.Coupon, linked.CouponCode = mine.Name(), mine.Code
	linkedLate := click("22")
	linkedLate.Coupon, linkedLate.Reason = mine.Name(), rules.Expired
	return []attribution{
		{"a click within the window earns", claim(withClick(click("33"))), credit(rules.ByClick, "33")},
		{"a click as old as the window earns", claim(withClick(aged(click("33"), 30*24*time.Hour))), credit(rules.ByClick, "33")},
		{"a click older than the window does not", claim(withClick(aged(click("33"), 30*24*time.Hour+time.Millisecond))), none(rules.ClickTooOld)},
		{"a click through a valid coupon's link is COUPON_LINK", claim(withClick(linked), clickCoupon(mine)), credit(rules.CouponLink, "22")},
		{"a click whose coupon was not valid at click time is CLICK", claim(withClick(linkedLate), clickCoupon(mine)), credit(rules.ByClick, "22")},
		{"a click id that is not known", claim(func(c *rules.Claim) { c.ClickID = "x" }), none(rules.UnknownClick)},
		{"a click of another offer counts as unknown", claim(withClick(&rules.Click{Offer: "11", Publisher: "33", Time: sale})), none(rules.OtherOffer)},
		{"a click of a publisher who is not approved", claim(withClick(click("33")), func(c *rules.Claim) { c.ClickApproved = false }), none(rules.NotApproved)},
		{"a click without a publisher", claim(withClick(click(""))), none(rules.NotApproved)},
		{"a click after the sale", claim(withClick(aged(click("33"), -6*time.Minute))), none(rules.ClickAfterSale)},
		{"a click after the sale by what clocks differ", claim(withClick(aged(click("33"), -5*time.Minute))), credit(rules.ByClick, "33")},
		{"neither code nor click", claim(), none(rules.NoReference)},
		{"an offer that is not active", claim(withCode(mine), withClick(click("33")), func(c *rules.Claim) { c.Offer.Active = false }), none(rules.OfferInactive)},
		{"code and click both fail: the code's reason", claim(withCode(), withClick(aged(click("33"), 31*24*time.Hour))), none(rules.UnknownCode)},
	}
}

// precedenceCases are sales decided by an offer that does not put the code first.
func precedenceCases() []attribution {
	mine := coupon("22")
	return []attribution{
		{"CLICK_FIRST: the click wins over a valid code", claim(withCode(mine), withClick(click("33")), precedence(rules.ClickFirst)), credit(rules.ByClick, "33")},
		{"CLICK_FIRST: without a click that counts, the code earns", claim(withCode(mine), withClick(aged(click("33"), 31*24*time.Hour)), precedence(rules.ClickFirst)), credit(rules.CouponCode, "22")},
		{"CLICK_FIRST: a third publisher's click wins over a shared code", claim(withCode(mine, coupon("33")), withClick(click("44")), precedence(rules.ClickFirst)), credit(rules.ByClick, "44")},
		{"ONLY_IF_CLICKED: a code without a click does not count", claim(withCode(mine), precedence(rules.OnlyIfClicked)), none(rules.ClickRequired)},
		{"ONLY_IF_CLICKED: a code with its publisher's click earns", claim(withCode(mine), withClick(click("22")), precedence(rules.OnlyIfClicked)), credit(rules.CouponCode, "22")},
		{"ONLY_IF_CLICKED: another publisher's click earns instead of the code", claim(withCode(mine), withClick(click("33")), precedence(rules.OnlyIfClicked)), creditAlthough(rules.ByClick, "33", rules.ClickRequired)},
	}
}

// ownPrecedenceCases are sales with a coupon that has a precedence of its own.
func ownPrecedenceCases() []attribution {
	own := func(publisher string, p rules.Precedence) rules.Coupon {
		return changed(coupon(publisher), func(c *rules.Coupon) { c.Settings.Precedence = p })
	}
	late := changed(own("22", rules.ClickFirst), func(c *rules.Coupon) { c.ExpireTime = sale })
	linked := click("33")
	linked.Coupon = coupon("33").Name()
	return []attribution{
		{"the coupon's CLICK_FIRST: the click wins over its code", claim(withCode(own("22", rules.ClickFirst)), withClick(click("33"))), credit(rules.ByClick, "33")},
		{"the coupon's CLICK_FIRST: without a click its code earns", claim(withCode(own("22", rules.ClickFirst))), credit(rules.CouponCode, "22")},
		{"the coupon's CODE_FIRST on a CLICK_FIRST offer: its code wins", claim(withCode(own("22", rules.CodeFirst)), withClick(click("33")), precedence(rules.ClickFirst)), credit(rules.CouponCode, "22")},
		{"the coupon's CODE_FIRST on an ONLY_IF_CLICKED offer: it needs no click", claim(withCode(own("22", rules.CodeFirst)), precedence(rules.OnlyIfClicked)), credit(rules.CouponCode, "22")},
		{"the coupon's ONLY_IF_CLICKED: without a click it does not count", claim(withCode(own("22", rules.OnlyIfClicked))), none(rules.ClickRequired)},
		{"the coupon's ONLY_IF_CLICKED: with its publisher's click it earns", claim(withCode(own("22", rules.OnlyIfClicked)), withClick(click("22"))), credit(rules.CouponCode, "22")},
		{"the coupon's ONLY_IF_CLICKED: another's click earns instead", claim(withCode(own("22", rules.OnlyIfClicked)), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.ClickRequired)},
		{"a coupon that is not valid has no say in the precedence", claim(withCode(late), withClick(click("33"))), creditAlthough(rules.ByClick, "33", rules.Expired)},
		{"of a shared code, the coupon that the click settles has the say", claim(withCode(own("22", rules.ClickFirst), own("33", rules.CodeFirst)), withClick(linked), clickCoupon(coupon("33"))), credit(rules.CouponLink, "33")},
		{"of a shared code that nothing settles, no coupon has a say", claim(withCode(own("22", rules.ClickFirst), own("33", rules.ClickFirst)), withClick(click("44"))), ambiguous("22", "33")},
		{"the click's coupon has no say in the precedence", claim(withCode(coupon("22")), withClick(linked), clickCoupon(own("33", rules.ClickFirst))), credit(rules.CouponCode, "22")},
	}
}

// ownTimesCases are sales with a coupon that has a click window or a grace of its own.
func ownTimesCases() []attribution {
	window := func(d time.Duration) rules.Coupon {
		return changed(coupon("22"), func(c *rules.Coupon) { c.Settings.ClickWindow = d })
	}
	expired := func(publisher string, own time.Duration) rules.Coupon {
		return changed(coupon(publisher), func(c *rules.Coupon) { c.ExpireTime, c.Settings.CouponGrace = sale.Add(-time.Hour), &own })
	}
	linked := click("22")
	linked.Coupon = coupon("22").Name()
	expiredThen := click("22")
	expiredThen.Coupon, expiredThen.Reason = coupon("22").Name(), rules.Expired
	const day = 24 * time.Hour
	return []attribution{
		{"a click through the link of a coupon with a shorter window", claim(withClick(linked), clickCoupon(window(time.Minute))), none(rules.ClickTooOld)},
		{"a click through the link of a coupon with a longer window", claim(withClick(aged(linked, 31*day)), clickCoupon(window(40*day))), credit(rules.CouponLink, "22")},
		{"the coupon's window includes its last moment", claim(withClick(linked), clickCoupon(window(time.Hour))), credit(rules.CouponLink, "22")},
		{"a click without a coupon has the offer's window", claim(withCode(window(time.Minute)), withClick(click("33")), precedence(rules.ClickFirst)), credit(rules.ByClick, "33")},
		{"a coupon that was not valid at click time has no say in the window", claim(withClick(expiredThen), clickCoupon(window(time.Minute))), credit(rules.ByClick, "22")},
		{"ONLY_IF_CLICKED: within the window of the click's coupon", claim(withCode(window(time.Minute)), withClick(linked), clickCoupon(window(time.Minute)), precedence(rules.OnlyIfClicked)), none(rules.ClickRequired)},
		{"the coupon's grace is longer than the offer's", claim(withCode(expired("22", 2*time.Hour))), credit(rules.CouponCode, "22")},
		{"the coupon's grace ends, exclusive", claim(withCode(expired("22", time.Hour))), none(rules.Expired)},
		{"the coupon's grace is shorter than the offer's", claim(withCode(expired("22", time.Minute)), grace(2*time.Hour)), none(rules.Expired)},
		{"the coupon's grace may be none at all", claim(withCode(expired("22", 0)), grace(2*time.Hour)), none(rules.Expired)},
		{"of a shared code, each coupon is judged by its own grace", claim(withCode(expired("22", 2*time.Hour), expired("33", 0))), credit(rules.CouponCode, "22")},
		{"grace makes a shared code ambiguous", claim(withCode(expired("22", 2*time.Hour), coupon("33"))), ambiguous("22", "33")},
	}
}

func credit(method rules.Method, publisher string) rules.Decision {
	return creditAlthough(method, publisher, rules.NoReason)
}

func creditAlthough(method rules.Method, publisher string, reason rules.Reason) rules.Decision {
	return rules.Decision{Outcome: rules.Attributed, Method: method, Publisher: publisher, Reason: reason}
}

func none(reason rules.Reason) rules.Decision {
	return rules.Decision{Outcome: rules.Unattributed, Reason: reason}
}

func ambiguous(publishers ...string) rules.Decision {
	d := none(rules.AmbiguousCode)
	for _, p := range publishers {
		d.Candidates = append(d.Candidates, coupon(p).Name())
	}
	return d
}

func aged(c *rules.Click, age time.Duration) *rules.Click {
	older := *c
	older.Time = sale.Add(-age)
	return &older
}

func grace(d time.Duration) claimOption { return func(c *rules.Claim) { c.Offer.CouponGrace = d } }

func publisher(id string) claimOption { return func(c *rules.Claim) { c.Publisher = id } }

func precedence(p rules.Precedence) claimOption {
	return func(c *rules.Claim) { c.Offer.Precedence = p }
}

func clickCoupon(coupon rules.Coupon) claimOption {
	return func(c *rules.Claim) { c.ClickCoupon = &coupon }
}

func TestJudgeCouponClick(t *testing.T) {
	at := sale
	expired := changed(coupon("22"), func(c *rules.Coupon) { c.ExpireTime = at })
	tests := []struct {
		says      string
		publisher string
		coupons   []rules.Coupon
		coupon    string
		credited  string
		reason    rules.Reason
	}{
		{"a valid coupon of the link's publisher", "22", []rules.Coupon{coupon("22")}, coupon("22").Name(), "22", rules.NoReason},
		{"the code alone names the publisher", "", []rules.Coupon{coupon("22")}, coupon("22").Name(), "22", rules.NoReason},
		{"another publisher's code", "33", []rules.Coupon{coupon("22")}, "", "33", rules.UnknownCode},
		{"an unknown code", "22", nil, "", "22", rules.UnknownCode},
		{"an expired coupon is kept with the reason", "22", []rules.Coupon{expired}, expired.Name(), "22", rules.Expired},
		{"a shared code without a publisher", "", []rules.Coupon{coupon("22"), coupon("33")}, "", "", rules.AmbiguousCode},
		{"a shared code of which one coupon is valid", "", []rules.Coupon{expired, coupon("33")}, coupon("33").Name(), "33", rules.NoReason},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			c := rules.Click{Publisher: tt.publisher, CouponCode: "salexyz20", Time: at}
			rules.JudgeCouponClick(&c, tt.coupons)
			if c.Coupon != tt.coupon || c.Publisher != tt.credited || c.Reason != tt.reason {
				t.Errorf("got coupon %q, publisher %q, reason %q; want %q, %q, %q", c.Coupon, c.Publisher, c.Reason, tt.coupon, tt.credited, tt.reason)
			}
		})
	}
}
