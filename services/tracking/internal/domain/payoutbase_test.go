package domain_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// discounted is a sale of 80 EUR by a click, with a discount, on an offer that pays ten percent.
func discounted(base domain.PayoutBase, amount, discount money.Money) (domain.Conversion, []string) {
	r := domain.Report{
		Event: "sale", TransactionID: "T-1", HasAmount: !amount.IsNone(), Amount: amount, HasDiscount: !discount.IsNone(), Discount: discount,
	}
	offer := domain.Offer{
		ID: "10", Active: true, CurrencyCode: "EUR", PayoutBase: base, StartStatus: domain.StatusApproved,
		Payout: money.Payout{Kind: money.Percent, Percent: 100_000}, Revenue: money.Payout{Kind: money.Percent, Percent: 200_000},
	}
	c := domain.Claim{Offer: offer, ClickID: "c", ClickApproved: true, Click: &domain.Click{ID: "c", Offer: "10", Publisher: "22"}}
	decision := domain.Decision{Outcome: domain.Attributed, Method: domain.ByClick, Publisher: "22"}
	return domain.NewConversion("id", r, c, decision, true, changeTime)
}

func eur(units int64) money.Money { return money.Money{Currency: "EUR", Units: units} }

func TestPayoutBase(t *testing.T) {
	none := money.Money{}
	for name, tt := range map[string]struct {
		base             domain.PayoutBase
		amount, discount money.Money
		payout, revenue  money.Money
		warning          string
	}{
		"as sent":                             {domain.AsSent, eur(80), eur(20), eur(8), eur(16), ""},
		"as sent, without one":                {domain.AsSent, eur(80), none, eur(8), eur(16), ""},
		"an offer from before there were any": {"", eur(80), eur(20), eur(8), eur(16), ""},
		"before":                              {domain.BeforeDiscount, eur(80), eur(20), eur(10), eur(20), ""},
		"after":                               {domain.AfterDiscount, eur(80), eur(20), eur(6), eur(12), ""},
		"after all of it":                     {domain.AfterDiscount, eur(80), eur(80), eur(0), eur(0), ""},
		"after more than all of it":           {domain.AfterDiscount, eur(80), eur(90), eur(0), eur(0), "more than the amount"},
		"before, for free":                    {domain.BeforeDiscount, eur(0), eur(20), eur(2), eur(4), ""},
		"before, not sent":                    {domain.BeforeDiscount, eur(80), none, eur(8), eur(16), "was not sent"},
		"after, not sent":                     {domain.AfterDiscount, eur(80), none, eur(8), eur(16), "was not sent"},
		"without an amount":                   {domain.BeforeDiscount, none, eur(20), none, none, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, warnings := discounted(tt.base, tt.amount, tt.discount)
			if c.Payout != tt.payout || c.Revenue != tt.revenue || c.Discount != tt.discount || c.Amount != tt.amount {
				t.Errorf("payout %v, revenue %v, discount %v of %v, want %v and %v", c.Payout, c.Revenue, c.Discount, c.Amount, tt.payout, tt.revenue)
			}
			if got := strings.Join(warnings, " "); tt.warning == "" && got != "" || !strings.Contains(got, tt.warning) {
				t.Errorf("warned of %q, want %q", got, tt.warning)
			}
		})
	}
}

// TestPayoutBaseOfChanges checks that a refunded part takes its part of the discount with it, and that an adjustment keeps
// the discount.
func TestPayoutBaseOfChanges(t *testing.T) {
	c, _ := discounted(domain.BeforeDiscount, eur(80), eur(20))
	half, err := c.Refund(eur(40), "", by("jo", ""))
	if err != nil || half.Payout != eur(5) || half.Revenue != eur(10) {
		t.Errorf("half refunded: payout %v, revenue %v, %v", half.Payout, half.Revenue, err)
	}
	all, err := half.Refund(money.Money{}, "rest", by("jo", ""))
	if err != nil || !all.Payout.IsNone() || !all.Revenue.IsNone() {
		t.Errorf("all refunded: payout %v, %v", all.Payout, err)
	}
	adjusted, err := c.Adjust(eur(60), by("jo", ""))
	if err != nil || adjusted.Payout != eur(8) || adjusted.Discount != eur(20) {
		t.Errorf("adjusted: payout %v, discount %v, %v", adjusted.Payout, adjusted.Discount, err)
	}
	rejected, err := c.Reject(by("jo", "no"))
	if err != nil || !rejected.Payout.IsNone() {
		t.Errorf("rejected: %v, %v", rejected.Payout, err)
	}
	if approved, err := rejected.Approve(by("jo", "")); err != nil || approved.Payout != c.Payout {
		t.Errorf("approved again: %v, %v", approved.Payout, err)
	}
}

// TestPayoutBaseProperties checks that a base before the discount never pays less than one after it, that neither is
// negative, and that each refund lowers both.
func TestPayoutBaseProperties(t *testing.T) {
	propertytest.Check(t, func(rt *rapid.T) {
		cents := func(label string, most int64) money.Money {
			return money.OfMinor(rapid.Int64Range(0, most).Draw(rt, label), "EUR")
		}
		amount, discount := cents("amount", 100_000), cents("discount", 100_000)
		var payouts []money.Money
		for _, base := range []domain.PayoutBase{domain.AfterDiscount, domain.AsSent, domain.BeforeDiscount} {
			c, _ := discounted(base, amount, discount)
			payouts = append(payouts, c.Payout)
			if n, _ := amount.Minor(); n > 0 {
				refund := money.OfMinor(rapid.Int64Range(1, n).Draw(rt, "refund"), "EUR")
				less, err := c.Refund(refund, "", by("jo", ""))
				if err != nil || c.Payout.Less(less.Payout) || less.Payout.Units < 0 || less.Payout.Nanos < 0 {
					rt.Fatalf("%s: a refund of %v of %v changed the payout %v to %v, %v", base, refund, amount, c.Payout, less.Payout, err)
				}
			}
		}
		if !slices.IsSortedFunc(payouts, func(a, b money.Money) int {
			switch {
			case a.Less(b):
				return -1
			case b.Less(a):
				return 1
			}
			return 0
		}) || payouts[0].Units < 0 || payouts[0].Nanos < 0 {
			rt.Fatalf("payouts after, as sent and before the discount: %v", payouts)
		}
	})
}

func TestUnprovenDiscount(t *testing.T) {
	r := domain.Report{HasAmount: true, Amount: eur(90), HasDiscount: true, Discount: eur(20)}
	for base, refused := range map[domain.PayoutBase]bool{domain.AsSent: false, domain.AfterDiscount: false, domain.BeforeDiscount: true} {
		err := domain.Offer{CurrencyCode: "EUR", OpenPostbackMaxAmount: eur(100), PayoutBase: base}.CheckUnproven(r)
		if (err != nil) != refused {
			t.Errorf("%s: %v", base, err)
		}
	}
}
