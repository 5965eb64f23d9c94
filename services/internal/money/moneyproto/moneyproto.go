// Package moneyproto converts amounts and payouts to and from the protos of the API.
package moneyproto

import (
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/money"
)

// OfMoney returns the proto of an amount; nil for no amount.
func OfMoney(m money.Money) *couponv1.Money {
	if m.IsNone() {
		return nil
	}
	return &couponv1.Money{CurrencyCode: m.Currency, Units: m.Units, Nanos: m.Nanos}
}

// Money returns the amount in a proto as sent, without checking it; none for nil.
func Money(p *couponv1.Money) money.Money {
	return money.Money{Currency: p.GetCurrencyCode(), Units: p.GetUnits(), Nanos: p.GetNanos()}
}

// OfPayout returns the proto of a payout; nil for no payout.
func OfPayout(p money.Payout) *couponv1.Payout {
	switch p.Kind {
	case money.Fixed:
		return &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: OfMoney(p.Fixed)}}
	case money.Percent:
		return &couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: money.FormatPercent(p.Percent)}, Cap: OfMoney(p.Cap)}
	default:
		return nil
	}
}

// Payout returns the payout in a proto, without checking its amounts; none for nil, or for one that says neither fixed
// nor percent. The error is about the percentage.
func Payout(p *couponv1.Payout) (money.Payout, error) {
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		return money.Payout{Kind: money.Fixed, Fixed: Money(kind.Fixed)}, nil
	case *couponv1.Payout_Percent:
		percent, err := money.ParsePercent(kind.Percent)
		return money.Payout{Kind: money.Percent, Percent: percent, Cap: Money(p.GetCap())}, err
	default:
		return money.Payout{}, nil
	}
}
