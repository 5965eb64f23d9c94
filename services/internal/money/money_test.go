package money_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

const usd = "USD"

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]money.Money{
		"0":                      {Currency: usd},
		"0.00":                   {Currency: usd},
		"49.90":                  {Currency: usd, Units: 49, Nanos: 900_000_000},
		"49.9":                   {Currency: usd, Units: 49, Nanos: 900_000_000},
		"007":                    {Currency: usd, Units: 7},
		"1":                      {Currency: usd, Units: 1},
		"0.000000001":            {Currency: usd, Nanos: 1},
		"0.1000000000000":        {Currency: usd, Nanos: 100_000_000},
		"999999999999.999999999": {Currency: usd, Units: 999_999_999_999, Nanos: 999_999_999},
	} {
		if got, err := money.ParseAmount(text, usd); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseAmountErrors(t *testing.T) {
	const noDecimal = "is not a decimal number of zero or more with a point, such as 49.90"
	for text, want := range map[string]string{
		"": noDecimal, " 1": noDecimal, "1 ": noDecimal, "12,5": noDecimal, "1,000.00": noDecimal, "-1": noDecimal,
		"+1": noDecimal, "1e9999": noDecimal, "1.": noDecimal, ".5": noDecimal, ".": noDecimal, "1.2.3": noDecimal,
		"0x10": noDecimal, "NaN": noDecimal, "Inf": noDecimal, "1_000": noDecimal, "٣": noDecimal, "1\x00": noDecimal,
		"\xff": noDecimal, "USD 5": noDecimal, "1.-5": noDecimal, "--": noDecimal,
		"1000000000000":            "is more than the greatest amount, 999999999999",
		strings.Repeat("9", 40000): "is more than the greatest amount",
		"0.0000000001":             "has more than nine decimal places",
	} {
		_, err := money.ParseAmount(text, usd)
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("%.50q: got %.300v, want %s", text, err, want)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	for code, want := range map[string]string{
		"USD": "USD", "usd": "USD", "Eur": "EUR", "JPY": "JPY", "KWD": "KWD", "CLF": "CLF", "AED": "AED", "ZWG": "ZWG", "MRU": "MRU",
		"": "", "US": "", "USDT": "", "ZZZ": "", "XTS": "", "XAU": "", "DEM": "", "D A": "", "ED ": "", "   ": "",
		"US\xff": "", "uſ": "", "ſek": "", "$": "", "840": "",
	} {
		got, err := money.ParseCurrency(code)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", code, got, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for want, m := range map[string]money.Money{
		"":                              {Currency: usd, Units: money.MaxUnits, Nanos: 999_999_999},
		"is not an ISO 4217":            {Currency: "ZZZ", Units: 1},
		`"" is not an ISO 4217`:         {Units: 1},
		"is negative":                   {Currency: usd, Units: -1},
		"the amount is negative":        {Currency: usd, Nanos: -1},
		"more than the greatest amount": {Currency: usd, Units: money.MaxUnits + 1},
		"nanos is 1000000000":           {Currency: usd, Nanos: 1_000_000_000},
	} {
		err := m.Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", m, err, want)
		}
	}
}

func TestString(t *testing.T) {
	for want, m := range map[string]money.Money{
		"":                 {},
		"0 USD":            {Currency: usd},
		"49.9 USD":         {Currency: usd, Units: 49, Nanos: 900_000_000},
		"0.000000001 USD":  {Currency: usd, Nanos: 1},
		"999999999999 JPY": {Currency: "JPY", Units: money.MaxUnits},
	} {
		if got := m.String(); got != want {
			t.Errorf("%+v: got %q, want %q", m, got, want)
		}
	}
}

func TestParsePercent(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "7.5": 75_000, "7.50000": 75_000, "100": 1_000_000, "0.0001": 1, "99.9999": 999_999, "33.3333": 333_333,
	} {
		if got, err := money.ParsePercent(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "100.0001", "101", "0.00001", "7,5", "7.5%", "1e2", "NaN", strings.Repeat("9", 40000)} {
		if got, err := money.ParsePercent(text); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.50q: got %d, %.300v", text, got, err)
		}
	}
}

// TestPercentHalfEven checks results halfway between two minor units, and next to that.
func TestPercentHalfEven(t *testing.T) {
	for _, c := range []struct{ amount, currency, percent, want string }{
		{"49.90", "USD", "7.5", "3.74 USD"}, // 3.7425
		{"0.01", "USD", "50", "0 USD"},      // 0.005: to the even 0.00
		{"0.03", "USD", "50", "0.02 USD"},   // 0.015: to the even 0.02
		{"0.05", "USD", "50", "0.02 USD"},   // 0.025: to the even 0.02
		{"0.05", "USD", "50.0001", "0.03 USD"},
		{"0.05", "USD", "49.9999", "0.02 USD"},
		{"1", "JPY", "50", "0 JPY"},
		{"3", "JPY", "50", "2 JPY"},
		{"5", "JPY", "50", "2 JPY"},
		{"999", "JPY", "12.5", "125 JPY"}, // 124.875
		{"0.001", "KWD", "50", "0 KWD"},
		{"0.003", "KWD", "50", "0.002 KWD"},
		{"1", "BHD", "12.3456", "0.123 BHD"},
		{"1.999", "BHD", "50", "1 BHD"}, // 0.9995: to the even 1.000
		{"0.01", "RSD", "100", "0.01 RSD"},
		{"0.03", "usd", "50", "0.02 usd"},
		{"0.0001", "CLF", "100", "0.0001 CLF"},
		{"999999999999.99", "USD", "100", "999999999999.99 USD"},
		{"999999999999.99", "USD", "0", "0 USD"},
		{"0.000000001", "ZZZ", "100", "0.000000001 ZZZ"},
	} {
		amount, err := money.ParseAmount(c.amount, c.currency)
		if err != nil {
			t.Fatal(err)
		}
		percent, err := money.ParsePercent(c.percent)
		if err != nil {
			t.Fatal(err)
		}
		if got := amount.Percent(percent).String(); got != c.want {
			t.Errorf("%s%% of %s: got %s, want %s", c.percent, amount, got, c.want)
		}
	}
	if got := (money.Money{}).Percent(500_000); !got.IsNone() {
		t.Errorf("a percentage of no amount is %s", got)
	}
}

// currencies returns a currency for each number of decimal places.
func currencies() map[string]int64 {
	return map[string]int64{"USD": 10_000_000, "JPY": 1_000_000_000, "KWD": 1_000_000, "BHD": 1_000_000, "CLF": 100_000}
}

func drawAmount(t *rapid.T, currency string) money.Money {
	return money.Money{
		Currency: currency,
		Units:    rapid.Int64Range(0, money.MaxUnits/2).Draw(t, "units"),
		Nanos:    rapid.Int32Range(0, 999_999_999).Draw(t, "nanos"),
	}
}

// drawWhole draws an amount of whole minor units.
func drawWhole(t *rapid.T, currency string) money.Money {
	m := drawAmount(t, currency)
	m.Nanos -= m.Nanos % int32(currencies()[currency])
	return m
}

func drawCurrency(t *rapid.T) string {
	return rapid.SampledFrom([]string{"USD", "JPY", "KWD", "BHD", "CLF"}).Draw(t, "currency")
}

func drawPercent(t *rapid.T, label string) int64 {
	return rapid.Int64Range(0, 1_000_000).Draw(t, label)
}

// nanos returns an amount in billionths.
func nanos(m money.Money) *big.Int {
	n := new(big.Int).Mul(big.NewInt(m.Units), big.NewInt(1_000_000_000))
	return n.Add(n, big.NewInt(int64(m.Nanos)))
}

func sum(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }

func TestPropertyAmountRoundTrip(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		want := drawAmount(r, drawCurrency(r))
		text, currency, _ := strings.Cut(want.String(), " ")
		got, err := money.ParseAmount(text, currency)
		if err != nil || got != want || got.Check() != nil {
			r.Fatalf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	})
}

func TestPropertyPercentRoundTrip(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		want := drawPercent(r, "percent")
		text := money.FormatPercent(want)
		if got, err := money.ParsePercent(text); err != nil || got != want {
			r.Fatalf("%s: got %d, %v, want %d", text, got, err, want)
		}
		if strings.Contains(text, ".") && strings.TrimRight(text, ".0") != text {
			r.Fatalf("%s has needless zeros", text)
		}
	})
}

// TestPropertyPercentNearest checks the definition: whole minor units, at most half a unit from the exact share, and
// even if two are equally near.
func TestPropertyPercentNearest(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		currency := drawCurrency(r)
		amount, percent := drawAmount(r, currency), drawPercent(r, "percent")
		minor := big.NewInt(currencies()[currency])
		got := amount.Percent(percent)
		if err := got.Check(); err != nil || got.Currency != currency {
			r.Fatalf("got %+v, %v", got, err)
		}
		coins, rest := new(big.Int).QuoRem(nanos(got), minor, new(big.Int))
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(nanos(amount), big.NewInt(percent)), big.NewInt(1_000_000))
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt(nanos(got)))
		half := off.Abs(off).Cmp(big.NewRat(minor.Int64(), 2))
		if rest.Sign() != 0 || half > 0 || half == 0 && coins.Bit(0) == 1 {
			r.Fatalf("%d of %s: got %s, exactly %s billionths", percent, amount, got, exact.FloatString(7))
		}
	})
}

func TestPropertyPercentBounds(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		amount := drawWhole(r, drawCurrency(r))
		less, more := drawPercent(r, "percent"), drawPercent(r, "another percent")
		if less > more {
			less, more = more, less
		}
		small, big := nanos(amount.Percent(less)), nanos(amount.Percent(more))
		if small.Sign() < 0 || small.Cmp(big) > 0 || big.Cmp(nanos(amount)) > 0 {
			r.Fatalf("of %s, %d is %s and %d is %s", amount, less, small, more, big)
		}
		if amount.Percent(1_000_000) != amount || nanos(amount.Percent(0)).Sign() != 0 {
			r.Fatalf("100%% of %s is %s, 0%% is %s", amount, amount.Percent(1_000_000), amount.Percent(0))
		}
	})
}

// TestPropertyPercentSplit checks that reporting a sale in two parts, or paying a share in two parts, makes a
// difference of at most one minor unit.
func TestPropertyPercentSplit(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		currency := drawCurrency(r)
		a, b := drawWhole(r, currency), drawWhole(r, currency)
		percent := drawPercent(r, "percent")
		whole := money.Money{Currency: currency, Units: a.Units + b.Units + int64(a.Nanos+b.Nanos)/1_000_000_000, Nanos: (a.Nanos + b.Nanos) % 1_000_000_000}
		parts := sum(nanos(a.Percent(percent)), nanos(b.Percent(percent)))
		near(r, currency, nanos(whole.Percent(percent)), parts)

		first := rapid.Int64Range(0, percent).Draw(r, "first percent")
		shares := sum(nanos(a.Percent(first)), nanos(a.Percent(percent-first)))
		near(r, currency, nanos(a.Percent(percent)), shares)
	})
}

// near fails unless two amounts differ by at most one minor unit.
func near(t *rapid.T, currency string, a, b *big.Int) {
	t.Helper()
	if off := new(big.Int).Sub(a, b); off.CmpAbs(big.NewInt(currencies()[currency])) > 0 {
		t.Fatalf("%s and %s billionths of %s are further apart than a minor unit", a, b, currency)
	}
}
