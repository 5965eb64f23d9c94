package money_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestMinor(t *testing.T) {
	for _, c := range []struct {
		m       money.Money
		want    int64
		isWhole bool
	}{
		{money.Money{Currency: usd, Units: 49, Nanos: 900_000_000}, 4990, true},
		{money.Money{Currency: usd, Nanos: 5_000_000}, 0, false},
		{money.Money{Currency: "JPY", Units: 50}, 50, true},
		{money.Money{Currency: "JPY", Units: 50, Nanos: 1}, 50, false},
		{money.Money{Currency: "KWD", Units: 1, Nanos: 250_000_000}, 1250, true},
		{money.Money{Currency: "CLF", Units: money.MaxUnits, Nanos: 999_900_000}, 9_999_999_999_999_999, true},
	} {
		if n, whole := c.m.Minor(); n != c.want || whole != c.isWhole {
			t.Errorf("%s: got %d, %v, want %d, %v", c.m, n, whole, c.want, c.isWhole)
		}
	}
}

func TestPropertyMinor(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, 999_999_999_999).Draw(t, "n")
		m := money.OfMinor(want, drawCurrency(t))
		if n, whole := m.Minor(); n != want || !whole || m.IsFine() {
			t.Fatalf("%d becomes %s, which is %d", want, m, n)
		}
	})
}

func TestAmounts(t *testing.T) {
	eur, jpy := money.Money{Currency: "EUR", Units: 49, Nanos: 900_000_000}, money.Money{Currency: "JPY", Units: 7000}
	lower := jpy
	lower.Currency = "jpy"
	all, err := money.AmountsOf([]money.Money{lower, eur})
	if err != nil || all != "49.90 EUR,7000 JPY" {
		t.Fatalf("got %q, %v", all, err)
	}
	if list := all.List(); len(list) != 2 || list[0] != eur || list[1] != jpy {
		t.Errorf("the list is %v", list)
	}
	for currency, want := range map[string]money.Money{"EUR": eur, "JPY": jpy, usd: {}, "": {}} {
		if got := all.In(currency); got != want {
			t.Errorf("in %q it is %s, want %s", currency, got, want)
		}
	}
	if none, err := money.AmountsOf(nil); none != "" || err != nil || none.List() != nil {
		t.Errorf("of nothing: %q, %v", none, err)
	}
}

func TestAmountsErrors(t *testing.T) {
	for want, list := range map[string][]money.Money{
		`"XXX" is not an ISO 4217 currency code such as USD`:                         {{Currency: "XXX", Units: 1}},
		"the amount is negative; it must be zero or more":                            {{Currency: usd, Units: -1}},
		"an amount is 0 USD; it must be more than 0":                                 {{Currency: usd}},
		"0.5 JPY is finer than the smallest unit of JPY, which has 0 decimal places": {{Currency: "JPY", Nanos: 500_000_000}},
		"there are two amounts in USD":                                               {{Currency: usd, Units: 1}, {Currency: "EUR", Units: 1}, {Currency: "usd", Units: 1}},
		"there are 21 amounts; at most 20 are allowed":                               make([]money.Money, 21),
	} {
		if _, err := money.AmountsOf(list); err == nil || err.Error() != want {
			t.Errorf("%v: got %v, want %s", list, err, want)
		}
	}
}
