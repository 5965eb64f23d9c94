package attribution_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestTheFallbackOfACoupon(t *testing.T) {
	own, err := trackinglink.Compile("https://shop.example.com/own?code={coupon_code}")
	if err != nil {
		t.Fatal(err)
	}
	c := newCatalog(t)
	sale := &c.coupons[0]
	sale.Settings.Fallback = own
	s := newService(t, c)
	goes := func(code string) string {
		location, err := s.Click(t.Context(), clicks.Visit{Link: partner.Visited{Link: trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: code}}})
		if err != nil {
			t.Fatal(err)
		}
		return location
	}
	if got := goes("SALEXYZ20"); !strings.HasPrefix(got, "https://shop.example.com/?click=") {
		t.Errorf("while the coupon is valid: %s", got)
	}
	sale.Enabled = false
	if got := goes("SALEXYZ20"); got != "https://shop.example.com/own?code=SaleXYZ20" {
		t.Errorf("when it is not: %s", got)
	}
	if got := goes("NOSUCH"); got != "https://shop.example.com/sorry" {
		t.Errorf("another code: %s", got)
	}
	sale.Settings.Fallback = nil
	if got := goes("SALEXYZ20"); got != "https://shop.example.com/sorry" {
		t.Errorf("a coupon without a fallback of its own: %s", got)
	}
}

func TestMoneyAndGroundsAreKept(t *testing.T) {
	c := newCatalog(t)
	offer := c.offers["10"]
	tenth := money.Payout{Kind: money.Percent, Percent: 100_000, Cap: money.Money{Currency: "EUR", Units: 4}}
	offer.Payout, offer.Revenue, offer.ETag = tenth, tenth, "e1"
	c.offers["10"] = offer
	c.payouts = map[string]money.Payout{"10/33": {Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 2}}}
	s := newService(t, c)
	click := visit(t, s, trackinglink.Link{Offer: "10", Publisher: "33"})
	v, err := s.Report(t.Context(), domain.Report{Token: "token10", ClickID: click, Code: "NOSUCH", HasAmount: true, Amount: money.Money{Units: 50}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	offer.ETag, offer.Revenue = "e2", money.Payout{}
	c.offers["10"] = offer
	got, err := s.Conversion(t.Context(), v.Conversion.ID)
	if err != nil {
		t.Fatal(err)
	}
	eur := func(units int64) money.Money { return money.Money{Currency: "EUR", Units: units} }
	if got.Payout != eur(2) || got.Revenue != eur(4) {
		t.Errorf("payout %s, revenue %s; want the approval's 2 EUR, and 4 EUR by the cap", got.Payout, got.Revenue)
	}
	if g := got.Basis; g == nil || g.OfferETag != "e1" || g.Click == nil || g.Click.Publisher != "33" || g.Rule == "" || g.Precedence != domain.CodeFirst {
		t.Errorf("grounds %+v", g)
	}
	page, _, err := s.Conversions(t.Context(), listing.Request{})
	if err != nil || len(page) != 1 || page[0].Basis != nil || page[0].Revenue != eur(4) {
		t.Errorf("the list is %+v, %v; want revenue and no grounds", page, err)
	}
}

func TestACapOfAnotherCurrencyWarns(t *testing.T) {
	c := newCatalog(t)
	c.coupons[0].Payout = money.Payout{Kind: money.Percent, Percent: 100_000, Cap: money.Money{Currency: "EUR", Units: 4}}
	s := newService(t, c)
	v, err := s.Report(t.Context(), domain.Report{Token: "token10", TransactionID: "A-1", Code: "SALEXYZ20", HasAmount: true, Amount: money.Money{Currency: "USD", Units: 50}}, nil)
	if err != nil || v.Conversion.Status != domain.StatusPending || len(v.Warnings) != 1 || v.Conversion.Payout != (money.Money{Currency: "USD", Units: 5}) {
		t.Errorf("got %s, %s, %q, %v", v.Conversion.Payout, v.Conversion.Status, v.Warnings, err)
	}
}
