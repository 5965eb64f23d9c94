package money_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestDecimal(t *testing.T) {
	for want, m := range map[string]money.Money{
		"":         {},
		"49.90":    {Currency: "USD", Units: 49, Nanos: 900_000_000},
		"0.00":     {Currency: "EUR"},
		"50":       {Currency: "JPY", Units: 50},
		"50.5":     {Currency: "JPY", Units: 50, Nanos: 500_000_000},
		"1.250":    {Currency: "KWD", Units: 1, Nanos: 250_000_000},
		"0.000001": {Currency: "USD", Nanos: 1000},
	} {
		if got := m.Decimal(); got != want {
			t.Errorf("%s is %q, want %q", m, got, want)
		}
	}
}

// TestPlusAndMinus checks that each undoes the other, and that results keep units and nanos with the same sign.
func TestPlusAndMinus(t *testing.T) {
	amount := func(t *rapid.T, name string) money.Money {
		return money.Money{
			Currency: "USD", Units: rapid.Int64Range(0, money.MaxUnits).Draw(t, name+" units"),
			Nanos: rapid.Int32Range(0, 999_999_999).Draw(t, name+" nanos"),
		}
	}
	propertytest.Check(t, func(t *rapid.T) {
		a, b := amount(t, "a"), amount(t, "b")
		sum, difference := a.Plus(b), a.Minus(b)
		if sum.Minus(b) != a || difference.Plus(b) != a {
			t.Fatalf("%s and %s: sum %s, difference %s", a, b, sum, difference)
		}
		if sum.Less(a) || (difference.Units < 0 || difference.Nanos < 0) != a.Less(b) || difference.Units > 0 && difference.Nanos < 0 || difference.Units < 0 && difference.Nanos > 0 {
			t.Fatalf("%s and %s: sum %s, difference %+v", a, b, sum, difference)
		}
	})
	if got := (money.Money{}).Plus(money.Money{Currency: "USD", Units: 1}); got != (money.Money{Currency: "USD", Units: 1}) {
		t.Errorf("none plus a dollar is %+v", got)
	}
}
