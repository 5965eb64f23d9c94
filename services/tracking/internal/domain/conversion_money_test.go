package domain_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func dollars(units int64) money.Money { return money.Money{Currency: "USD", Units: units} }

func fixedAt(units int64) money.Payout {
	return money.Payout{Kind: money.Fixed, Fixed: dollars(units)}
}

// of200 is a report of a sale of 200 in a currency.
func of200(currency string) domain.Report {
	return domain.Report{HasAmount: true, Amount: money.Money{Currency: currency, Units: 200}}
}

func TestPayoutPrecedence(t *testing.T) {
	with := func(own, approval money.Payout) domain.Coupon {
		return changed(coupon("22"), func(c *domain.Coupon) { c.Payout, c.ApprovalPayout = own, approval })
	}
	linked := click("22")
	linked.Coupon = coupon("22").Name()
	clickPayout := func(p money.Payout) claimOption { return func(c *domain.Claim) { c.ClickPayout = p } }
	none := money.Payout{}
	for says, tt := range map[string]struct {
		claim domain.Claim
		want  money.Money
	}{
		"the coupon's payout comes first":                       {claim(withCode(with(fixedAt(7), fixedAt(5)))), dollars(7)},
		"then the publisher's by its approval":                  {claim(withCode(with(none, fixedAt(5)))), dollars(5)},
		"then the offer's":                                      {claim(withCode(with(none, none))), dollars(3)},
		"an approval may pay zero":                              {claim(withCode(with(none, fixedAt(0)))), dollars(0)},
		"a click earns by its publisher's approval":             {claim(withClick(click("33")), clickPayout(fixedAt(5))), dollars(5)},
		"a click without a payout of its own earns the offer's": {claim(withClick(click("33"))), dollars(3)},
		"a click through a coupon's link earns the coupon's":    {claim(withClick(linked), clickCoupon(with(fixedAt(7), fixedAt(5))), clickPayout(fixedAt(5))), dollars(7)},
		"another publisher's click has no say":                  {claim(withCode(with(none, none)), withClick(click("33")), clickPayout(fixedAt(5))), dollars(3)},
		"a coupon of a click not credited has no say":           {claim(withCode(coupon("33")), withClick(linked), clickCoupon(with(fixedAt(7), none))), dollars(3)},
	} {
		tt.claim.Offer.Payout = fixedAt(3)
		if got := conversion(domain.Report{}, tt.claim, true).Payout; got != tt.want {
			t.Errorf("%s: got %s, want %s", says, got, tt.want)
		}
	}
}

func TestRevenueIsOwedWhoeverEarned(t *testing.T) {
	inactive := claim(withCode(coupon("22")))
	inactive.Offer.Active = false
	for says, c := range map[string]domain.Claim{
		"attributed":              claim(withCode(coupon("22"))),
		"unattributed":            claim(),
		"an offer not active":     inactive,
		"ambiguous between two":   claim(withCode(coupon("22"), coupon("33"))),
		"attributed by the click": claim(withClick(click("22"))),
	} {
		c.Offer.Payout = money.Payout{Kind: money.Percent, Percent: 100_000}
		c.Offer.Revenue = money.Payout{Kind: money.Percent, Percent: 150_000}
		got := conversion(of200("USD"), c, true)
		if got.Revenue != dollars(30) {
			t.Errorf("%s: the revenue is %s, want 30 USD", says, got.Revenue)
		}
		if got.Payout.IsNone() != (got.Outcome == domain.Unattributed) {
			t.Errorf("%s: the payout is %s", says, got.Payout)
		}
	}
}

func TestCaps(t *testing.T) {
	capped := money.Payout{Kind: money.Percent, Percent: 100_000, Cap: dollars(15)}
	free := money.Payout{Kind: money.Percent, Percent: 100_000}
	for _, tt := range []struct {
		says            string
		payout, revenue money.Payout
		currency        string
		want            money.Money // of the payout
		status          domain.Status
		warns           []string
	}{
		{"capped in the cap's currency", capped, free, "USD", dollars(15), domain.StatusApproved, nil},
		{"another currency: kept as it is, pending, with a warning", capped, free, "EUR", money.Money{Currency: "EUR", Units: 20}, domain.StatusPending, []string{"payout"}},
		{"a revenue of another currency", free, capped, "EUR", money.Money{Currency: "EUR", Units: 20}, domain.StatusPending, []string{"revenue"}},
		{"both", capped, capped, "EUR", money.Money{Currency: "EUR", Units: 20}, domain.StatusPending, []string{"revenue", "payout"}},
		{"no cap, another currency", free, free, "EUR", money.Money{Currency: "EUR", Units: 20}, domain.StatusApproved, nil},
	} {
		c := claim(withCode(coupon("22")))
		c.Offer.Payout, c.Offer.Revenue = tt.payout, tt.revenue
		got, warnings := domain.NewConversion("id", of200(tt.currency), c, domain.Attribute(c), true, sale)
		if got.Payout != tt.want || got.Status != tt.status || len(warnings) != len(tt.warns) {
			t.Errorf("%s: got %s, %s, %q", tt.says, got.Payout, got.Status, warnings)
			continue
		}
		for i, what := range tt.warns {
			if !strings.Contains(warnings[i], what) || !strings.Contains(warnings[i], tt.currency) {
				t.Errorf("%s: the warning is %q", tt.says, warnings[i])
			}
		}
	}
}

func TestStartStatusOfTheCouponCredited(t *testing.T) {
	pending := changed(coupon("22"), func(c *domain.Coupon) { c.Settings.StartStatus = domain.StatusPending })
	linked := click("22")
	linked.Coupon = pending.Name()
	for says, tt := range map[string]struct {
		claim domain.Claim
		want  domain.Status
	}{
		"the coupon's own":                      {claim(withCode(pending)), domain.StatusPending},
		"the coupon's own, by a click":          {claim(withClick(linked), clickCoupon(pending)), domain.StatusPending},
		"else the offer's":                      {claim(withCode(coupon("22"))), domain.StatusApproved},
		"a coupon not credited has no say":      {claim(withCode(pending), withClick(click("33")), precedence(domain.ClickFirst)), domain.StatusApproved},
		"nor has the coupon of another's click": {claim(withCode(coupon("33")), withClick(linked), clickCoupon(pending)), domain.StatusApproved},
	} {
		if got := conversion(domain.Report{}, tt.claim, true).Status; got != tt.want {
			t.Errorf("%s: got %s, want %s", says, got, tt.want)
		}
	}
	approved := changed(coupon("22"), func(c *domain.Coupon) { c.Settings.StartStatus = domain.StatusApproved })
	if got := conversion(domain.Report{}, claim(withCode(approved)), false).Status; got != domain.StatusPending {
		t.Errorf("without a proof of the reporter: got %s, want PENDING", got)
	}
}
