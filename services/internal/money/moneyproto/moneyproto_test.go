package moneyproto_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

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
		if got := moneyproto.Money(moneyproto.OfMoney(m)); got != m {
			t.Errorf("got %+v, want %+v", got, m)
		}
		p := money.Payout{Kind: money.Percent, Percent: rapid.Int64Range(0, 10_000).Draw(t, "percent"), Cap: m}
		if rapid.Bool().Draw(t, "fixed") {
			p = money.Payout{Kind: money.Fixed, Fixed: amount.Draw(t, "fixed amount")}
		}
		if got, err := moneyproto.Payout(moneyproto.OfPayout(p)); err != nil || got != p {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
	})
	if moneyproto.OfMoney(money.Money{}) != nil || moneyproto.OfPayout(money.Payout{}) != nil {
		t.Error("none is not nil")
	}
	if p, err := moneyproto.Payout(&couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: "x"}}); err == nil {
		t.Errorf("x is read as %+v", p)
	}
	if !proto.Equal(moneyproto.OfPayout(money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 5}}),
		&couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: "EUR", Units: 5}}}) {
		t.Error("5 EUR is another proto")
	}
}
