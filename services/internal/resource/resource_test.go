package resource_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func TestName(t *testing.T) {
	if got := resource.Name("offers/", "10"); got != "offers/10" {
		t.Errorf("got %q", got)
	}
	if got := resource.Name("offers/", ""); got != "" {
		t.Errorf("no id: got %q", got)
	}
}

// TestMoneyAndPayoutsComeBack writes amounts and payouts as protos and reads them again.
func TestMoneyAndPayoutsComeBack(t *testing.T) {
	amount := rapid.Custom(func(t *rapid.T) money.Money {
		return money.Money{
			Currency: rapid.SampledFrom([]string{"EUR", "USD", "JPY"}).Draw(t, "currency"),
			Units:    rapid.Int64Range(0, 1<<40).Draw(t, "units"), Nanos: rapid.Int32Range(0, 999_999_999).Draw(t, "nanos"),
		}
	})
	propertytest.Check(t, func(t *rapid.T) {
		m := rapid.OneOf(amount, rapid.Just(money.Money{})).Draw(t, "money")
		if got := resource.Money(resource.MoneyProto(m)); got != m {
			t.Errorf("got %+v, want %+v", got, m)
		}
		p := money.Payout{Kind: money.Percent, Percent: rapid.Int64Range(0, 10_000).Draw(t, "percent"), Cap: m}
		if rapid.Bool().Draw(t, "fixed") {
			p = money.Payout{Kind: money.Fixed, Fixed: amount.Draw(t, "fixed amount")}
		}
		if got, err := resource.Payout(resource.PayoutProto(p)); err != nil || got != p {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
	})
	if resource.MoneyProto(money.Money{}) != nil || resource.PayoutProto(money.Payout{}) != nil {
		t.Error("none is not nil")
	}
	if p, err := resource.Payout(&couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: "x"}}); err == nil {
		t.Errorf("x is read as %+v", p)
	}
	if !proto.Equal(resource.PayoutProto(money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 5}}),
		&couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: "EUR", Units: 5}}}) {
		t.Error("5 EUR is another proto")
	}
}
