package domain_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func TestConversionID(t *testing.T) {
	report := domain.Report{Event: "sale", TransactionID: "A-1", ClickID: "c1", IdempotencyKey: "k1"}
	id := func(offer string, change func(*domain.Report)) string {
		r := report
		change(&r)
		got, ok := domain.ConversionID(r, offer)
		if !ok || len(got) != 32 {
			t.Fatalf("got id %q, %v", got, ok)
		}
		return got
	}
	same := func(*domain.Report) {}
	base := id("10", same)
	for says, other := range map[string]struct {
		id    string
		equal bool
	}{
		"the transaction decides, not the click":   {id("10", func(r *domain.Report) { r.ClickID = "c2" }), true},
		"another offer":                            {id("11", same), false},
		"another event":                            {id("10", func(r *domain.Report) { r.Event = "lead" }), false},
		"another transaction":                      {id("10", func(r *domain.Report) { r.TransactionID = "A-2" }), false},
		"without a transaction the click":          {id("10", func(r *domain.Report) { r.TransactionID = "" }), false},
		"a click named like the transaction":       {id("10", func(r *domain.Report) { r.TransactionID, r.ClickID = "", "A-1" }), false},
		"a key named like the transaction":         {id("10", func(r *domain.Report) { r.TransactionID, r.ClickID, r.IdempotencyKey = "", "", "A-1" }), false},
		"offer and event are not run into another": {id("10sale", func(r *domain.Report) { r.Event = "" }), false},
	} {
		if (other.id == base) != other.equal {
			t.Errorf("%s: equal is %v, want %v", says, other.id == base, other.equal)
		}
	}
	if got, ok := domain.ConversionID(domain.Report{Event: "sale"}, "10"); ok || got != "" {
		t.Errorf("a report without a key got id %q", got)
	}
}

// conversion attributes a claim and makes its conversion.
func conversion(r domain.Report, c domain.Claim, authenticated bool) domain.Conversion {
	made, _ := domain.NewConversion("id", r, c, domain.Attribute(c), authenticated, sale)
	return made
}

func TestNewConversion(t *testing.T) {
	visit := click("22")
	visit.PubUniques = domain.Uniques{"a", "b", "c", "d", "e"}
	visit.PubClickID = "p1"

	got := conversion(domain.Report{}, claim(withCode(coupon("22")), withClick(visit)), true)
	if got.PubUniques != (domain.Uniques{"a", "b", "SALEXYZ20", "d", "e"}) || got.PubClickID != "p1" {
		t.Errorf("a coupon's sale has %q, %q: Pub. Unique 3 must be the code, the others the click's", got.PubUniques, got.PubClickID)
	}
	if got.Status != domain.StatusApproved {
		t.Errorf("status is %s, want the offer's default", got.Status)
	}
	got = conversion(domain.Report{}, claim(withCode(coupon("22"))), false)
	if got.Status != domain.StatusPending {
		t.Errorf("an unauthenticated sale is %s, want PENDING", got.Status)
	}
	got = conversion(domain.Report{}, claim(withCode(coupon("33")), withClick(visit)), true)
	if got.PubUniques != (domain.Uniques{2: "SALEXYZ20"}) || got.PubClickID != "" {
		t.Errorf("another publisher's click lent its values: %q", got.PubUniques)
	}
	got = conversion(domain.Report{}, claim(withClick(visit)), true)
	if got.PubUniques[2] != "c" {
		t.Errorf("a click's sale has Pub. Unique 3 %q, want the click's own", got.PubUniques[2])
	}
	got = conversion(domain.Report{}, claim(withCode()), true)
	if got.PubUniques[2] != "SALEXYZ20" || got.Status != domain.StatusPending || !got.Payout.IsNone() {
		t.Errorf("a held sale: %+v", got)
	}
}

func TestNewConversionPays(t *testing.T) {
	usd := func(units int64) money.Money { return money.Money{Currency: "USD", Units: units} }
	percent := money.Payout{Kind: money.Percent, Percent: 75_000}
	fixed := money.Payout{Kind: money.Fixed, Fixed: usd(3)}
	own := func(p money.Payout) domain.Coupon {
		return changed(coupon("22"), func(c *domain.Coupon) { c.Payout = p })
	}
	tests := []struct {
		says          string
		offer, coupon money.Payout
		report        domain.Report
		want          money.Money
	}{
		{"7.5 percent of 200 USD", percent, money.Payout{}, domain.Report{HasAmount: true, Amount: usd(200)}, usd(15)},
		{"in the offer's currency when none is sent", percent, money.Payout{}, domain.Report{HasAmount: true, Amount: money.Money{Units: 200}}, usd(15)},
		{"in the currency sent", percent, money.Payout{}, domain.Report{HasAmount: true, Amount: money.Money{Currency: "JPY", Units: 220}}, money.Money{Currency: "JPY", Units: 16}},
		{"fixed, without an amount", fixed, money.Payout{}, domain.Report{}, usd(3)},
		{"percent of nothing", percent, money.Payout{}, domain.Report{}, money.Money{}},
		{"the coupon's own payout comes first", percent, fixed, domain.Report{HasAmount: true, Amount: usd(200)}, usd(3)},
		{"a coupon may pay zero", fixed, money.Payout{Kind: money.Percent}, domain.Report{HasAmount: true, Amount: usd(200)}, usd(0)},
		{"nothing said", money.Payout{}, money.Payout{}, domain.Report{HasAmount: true, Amount: usd(200)}, money.Money{}},
	}
	for _, tt := range tests {
		c := claim(withCode(own(tt.coupon)))
		c.Offer.Payout = tt.offer
		if got := conversion(tt.report, c, true).Payout; got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.says, got, tt.want)
		}
	}
}

func TestContentHashIgnoresOnlyWhatARetryMayChange(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		r := domain.Report{
			Code: rapid.StringMatching(`[A-Z0-9]{3,8}`).Draw(t, "code"), ClickID: rapid.SampledFrom([]string{"", "c1"}).Draw(t, "click"),
			HasAmount: true, Amount: money.Money{Currency: "USD", Units: rapid.Int64Range(0, 5).Draw(t, "units")},
		}
		c := claim()
		c.Code = r.Code
		first := conversion(r, c, true)
		retry, later := r, c
		retry.Warnings, retry.Token = []string{"x"}, "y"
		later.Time = c.Time.AddDate(0, 0, 1)
		if conversion(retry, later, false).ContentHash != first.ContentHash {
			t.Fatal("a retry looks like another content")
		}
		other := r
		other.Amount.Units++
		if conversion(other, c, true).ContentHash == first.ContentHash {
			t.Fatal("another amount looks like a retry")
		}
	})
}
