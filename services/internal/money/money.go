// Package money is exact money: integer arithmetic on units and nanos, no floats anywhere.
//
// Any package may import it; it imports none of ours.
package money

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

const (
	nanosPerUnit = 1_000_000_000
	// MaxUnits bounds an amount: a trillion of any currency, less one unit.
	MaxUnits = 999_999_999_999
	// percentScale is the number of the smallest percent step, 0.0001, in one percent.
	percentScale = 10_000
)

// Money is an amount of one currency: Units plus Nanos billionths, both of the same sign.
// The zero Money, without a currency, means none.
type Money struct {
	Currency string
	Units    int64
	Nanos    int32
}

// IsNone says whether m is no amount at all, which is not the same as an amount of zero.
func (m Money) IsNone() bool { return m.Currency == "" }

// String returns the amount as a decimal with its currency: "49.9 USD".
func (m Money) String() string {
	if m.IsNone() {
		return ""
	}
	text := fmt.Sprintf("%d", m.Units)
	if m.Nanos != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", m.Nanos), "0")
	}
	return text + " " + m.Currency
}

// ParseAmount reads a decimal such as "49.90" as a non-negative amount of a currency that
// ParseCurrency accepted. A point separates decimals, of which there may be nine.
func ParseAmount(text, currencyCode string) (Money, error) {
	units, fraction, pointed := strings.Cut(text, ".")
	if units == "" || !digits(units) || pointed && (fraction == "" || !digits(fraction)) {
		return Money{}, fmt.Errorf("%.40q is not a decimal number of zero or more with a point, such as 49.90", text)
	}
	units = strings.TrimLeft(units, "0")
	fraction = strings.TrimRight(fraction, "0")
	if len(units) > 12 {
		return Money{}, fmt.Errorf("%.40q is more than the greatest amount, %d", text, int64(MaxUnits))
	}
	if len(fraction) > 9 {
		return Money{}, fmt.Errorf("%.40q has more than nine decimal places", text)
	}
	return Money{Currency: currencyCode, Units: atoi(units), Nanos: int32(atoi((fraction + "000000000")[:9]))}, nil //nolint:gosec // nine digits fit
}

// ParseRounded is like ParseAmount, but accepts more than nine decimal places and rounds to nine, half up.
// Systems that use floating point send 49.900000000000006.
func ParseRounded(text, currencyCode string) (m Money, rounded bool, err error) {
	units, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) <= 9 || !digits(fraction) {
		m, err = ParseAmount(text, currencyCode)
		return m, false, err
	}
	if m, err = ParseAmount(units+"."+fraction[:9], currencyCode); err != nil {
		return m, false, err
	}
	if fraction[9] >= '5' {
		m.Nanos++
	}
	if m.Nanos == nanosPerUnit {
		m.Units, m.Nanos = m.Units+1, 0
	}
	return m, true, m.CheckAmount()
}

// Check says what is wrong with an amount that came as units and nanos; nil if it is a
// non-negative amount of a known currency.
func (m Money) Check() error {
	if _, err := ParseCurrency(m.Currency); err != nil {
		return err
	}
	return m.CheckAmount()
}

// CheckAmount says what is wrong with an amount but for its currency; nil if it is not negative.
func (m Money) CheckAmount() error {
	switch {
	case m.Units < 0 || m.Nanos < 0:
		return errors.New("the amount is negative; it must be zero or more")
	case m.Units > MaxUnits:
		return fmt.Errorf("the amount is more than the greatest amount, %d", int64(MaxUnits))
	case m.Nanos >= nanosPerUnit:
		return fmt.Errorf("nanos is %d; it must be less than 1,000,000,000", m.Nanos)
	}
	return nil
}

// ParsePercent reads a percentage from "0" to "100" with at most four decimals, in ten-thousandths
// of a percent: "7.5" is 75,000.
func ParsePercent(text string) (int64, error) {
	m, err := ParseAmount(text, "")
	if err != nil || m.Nanos%(nanosPerUnit/percentScale) != 0 {
		return 0, fmt.Errorf("%.40q is not a percentage such as 7.5, with at most four decimal places", text)
	}
	p := m.Units*percentScale + int64(m.Nanos)/(nanosPerUnit/percentScale)
	if p > 100*percentScale {
		return 0, fmt.Errorf("%.40q is over 100 percent", text)
	}
	return p, nil
}

// FormatPercent is the inverse of ParsePercent, without needless zeros.
func FormatPercent(p int64) string {
	text := fmt.Sprintf("%d.%04d", p/percentScale, p%percentScale)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Percent returns p ten-thousandths of a percent of m, rounded half-even at the minor unit of m's
// currency: a cent of USD, a whole JPY. p is 0 to 1,000,000, m not negative. So the result is at most
// m, but that an m with a fraction of a minor unit may be rounded up too.
func (m Money) Percent(p int64) Money {
	if m.IsNone() {
		return Money{}
	}
	nanos := new(big.Int).Mul(big.NewInt(m.Units), big.NewInt(nanosPerUnit))
	nanos.Add(nanos, big.NewInt(int64(m.Nanos)))
	nanos.Mul(nanos, big.NewInt(p))

	minor := max(minorUnitNanos(strings.ToUpper(m.Currency)), 1) // what is no currency has no coins to round to
	divisor := new(big.Int).Mul(big.NewInt(100*percentScale), big.NewInt(minor))
	quotient, remainder := new(big.Int).QuoRem(nanos, divisor, new(big.Int))
	half := remainder.Lsh(remainder, 1).Cmp(divisor)
	if half > 0 || half == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(1))
	}
	units, rest := quotient.QuoRem(quotient.Mul(quotient, big.NewInt(minor)), big.NewInt(nanosPerUnit), new(big.Int))
	return Money{Currency: m.Currency, Units: units.Int64(), Nanos: int32(rest.Int64())} //nolint:gosec // a remainder of a billion fits
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// atoi reads at most eighteen digits; no digits are zero.
func atoi(s string) int64 {
	var n int64
	for _, c := range []byte(s) {
		n = n*10 + int64(c-'0')
	}
	return n
}
