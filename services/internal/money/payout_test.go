package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestPayout(t *testing.T) {
	sale := money.Money{Currency: usd, Units: 49, Nanos: 900_000_000}
	due := money.Money{Currency: usd, Units: 4, Nanos: 990_000_000} // a tenth of it
	fixed := money.Money{Currency: "EUR", Units: 5}
	tenth := func(most money.Money) money.Payout {
		return money.Payout{Kind: money.Percent, Percent: 100_000, Cap: most}
	}
	for name, c := range map[string]struct {
		payout     money.Payout
		amount     money.Money
		want       money.Money
		comparable bool
	}{
		"nothing said":                  {money.Payout{}, sale, money.Money{}, true},
		"fixed, in its own currency":    {money.Payout{Kind: money.Fixed, Fixed: fixed}, sale, fixed, true},
		"fixed, no amount":              {money.Payout{Kind: money.Fixed, Fixed: fixed}, money.Money{}, fixed, true},
		"percent":                       {tenth(money.Money{}), sale, due, true},
		"percent of nothing":            {tenth(money.Money{}), money.Money{}, money.Money{}, true},
		"percent of zero":               {tenth(money.Money{}), money.Money{Currency: usd}, money.Money{Currency: usd}, true},
		"no percent of a sale":          {money.Payout{Kind: money.Percent}, sale, money.Money{Currency: usd}, true},
		"under the cap":                 {tenth(money.Money{Currency: usd, Units: 5}), sale, due, true},
		"as much as the cap":            {tenth(due), sale, due, true},
		"over the cap by cents":         {tenth(money.Money{Currency: usd, Units: 4, Nanos: 980_000_000}), sale, money.Money{Currency: usd, Units: 4, Nanos: 980_000_000}, true},
		"over the cap by far":           {tenth(money.Money{Currency: usd, Units: 3, Nanos: 999_999_999}), sale, money.Money{Currency: usd, Units: 3, Nanos: 999_999_999}, true},
		"a cap of zero":                 {tenth(money.Money{Currency: usd}), sale, money.Money{Currency: usd}, true},
		"a cap of another currency":     {tenth(money.Money{Currency: "EUR", Units: 1}), sale, due, false},
		"a cap where no amount is sent": {tenth(money.Money{Currency: "EUR", Units: 1}), money.Money{}, money.Money{}, true},
	} {
		if got, comparable := c.payout.Of(c.amount); got != c.want || comparable != c.comparable {
			t.Errorf("%s: got %s, %v, want %s, %v", name, got, comparable, c.want, c.comparable)
		}
	}
}

// drawPayout draws a percent payout, capped in the currency or not at all.
func drawPayout(t *rapid.T, currency string) money.Payout {
	p := money.Payout{Kind: money.Percent, Percent: drawPercent(t, "percent")}
	if rapid.Bool().Draw(t, "capped") {
		p.Cap = money.Money{Currency: currency, Units: rapid.Int64Range(0, 1_000).Draw(t, "cap")}
	}
	return p
}

// drawParts draws the parts of a sale, each of whole minor units, and their sum.
func drawParts(t *rapid.T, currency string) (parts []money.Money, whole money.Money) {
	const unit = 1_000_000_000
	whole.Currency = currency
	for range rapid.IntRange(1, 8).Draw(t, "parts") {
		part := money.Money{Currency: currency, Units: rapid.Int64Range(0, 2_000).Draw(t, "units"), Nanos: rapid.Int32Range(0, unit-1).Draw(t, "nanos")}
		part.Nanos -= part.Nanos % int32(currencies()[currency])
		parts = append(parts, part)
		nanos := int64(whole.Nanos) + int64(part.Nanos)
		whole.Units, whole.Nanos = whole.Units+part.Units+nanos/unit, int32(nanos%unit)
	}
	return parts, whole
}

// TestPropertyPayoutSplit checks that splitting a sale neither makes nor loses money: the payout of its parts differs
// from the payout of the whole by at most one minor unit a part. A cap applies to each conversion, so parts may pay
// more than a capped whole, but never less.
func TestPropertyPayoutSplit(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		currency := drawCurrency(r)
		payout := drawPayout(r, currency)
		parts, whole := drawParts(r, currency)
		paid := new(big.Int)
		for _, part := range parts {
			due, _ := payout.Of(part)
			paid.Add(paid, nanos(due))
		}
		due, _ := payout.Of(whole)
		off := new(big.Int).Sub(paid, nanos(due))
		slack := big.NewInt(currencies()[currency] * int64(len(parts)))
		if payout.Cap.IsNone() && off.CmpAbs(slack) > 0 || off.Cmp(slack.Neg(slack)) < 0 {
			r.Fatalf("%+v of %s is %s, of its parts %v together %s billionths", payout, whole, due, parts, paid)
		}
	})
}

// TestPropertyPayoutBounds checks that a payout is never negative, never above its cap or the sale, and never less for
// a larger sale.
func TestPropertyPayoutBounds(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		currency := drawCurrency(r)
		payout := drawPayout(r, currency)
		less, more := drawWhole(r, currency), drawWhole(r, currency)
		if nanos(less).Cmp(nanos(more)) > 0 {
			less, more = more, less
		}
		small, _ := payout.Of(less)
		large, comparable := payout.Of(more)
		if !comparable || large.Currency != currency {
			r.Fatalf("got %s, comparable is %v", large, comparable)
		}
		if nanos(small).Sign() < 0 || nanos(small).Cmp(nanos(large)) > 0 || nanos(large).Cmp(nanos(more)) > 0 {
			r.Fatalf("%+v of %s is %s, of %s it is %s", payout, less, small, more, large)
		}
		if !payout.Cap.IsNone() && nanos(large).Cmp(nanos(payout.Cap)) > 0 {
			r.Fatalf("%s is above the cap %s", large, payout.Cap)
		}
	})
}
