// Package money has exact amounts of money: integer units and nanos, and no floats.
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
	// MaxUnits is the largest amount: a trillion of any currency, less one unit.
	MaxUnits = 999_999_999_999
	// percentScale is the number of steps of 0.0001 in one percent.
	percentScale = 10_000
)

// Money is an amount in one currency: Units plus Nanos billionths, both with the same sign. The zero Money, without a
// currency, is None.
type Money struct {
	Currency string
	Units    int64
	Nanos    int32
}

// IsNone reports whether m is no amount at all, which differs from an amount of zero.
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

// ParseAmount parses a decimal such as "49.90" as a non-negative amount. currencyCode must come from ParseCurrency. The
// decimal separator is a point; at most nine decimal places are allowed.
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

// Check returns nil if m is a non-negative amount of a known currency, and otherwise an error that says what is wrong.
func (m Money) Check() error {
	if _, err := ParseCurrency(m.Currency); err != nil {
		return err
	}
	return m.CheckAmount()
}

// CheckAmount is Check without the currency.
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

// ParsePercent parses a percentage from "0" to "100" with at most four decimal places, in ten-thousandths of a percent:
// "7.5" is 75,000.
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

// FormatPercent is the inverse of ParsePercent, without trailing zeros.
func FormatPercent(p int64) string {
	text := fmt.Sprintf("%d.%04d", p/percentScale, p%percentScale)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Percent returns p ten-thousandths of a percent of m, rounded half-even to the minor unit of m's currency: a cent of
// USD, a whole JPY. p is 0 to 1,000,000; m is not negative. The result is at most m, except that it may be rounded up
// if m has a fraction of a minor unit.
func (m Money) Percent(p int64) Money {
	if m.IsNone() {
		return Money{}
	}
	nanos := new(big.Int).Mul(big.NewInt(m.Units), big.NewInt(nanosPerUnit))
	nanos.Add(nanos, big.NewInt(int64(m.Nanos)))
	nanos.Mul(nanos, big.NewInt(p))

	minor := max(minorUnitNanos(strings.ToUpper(m.Currency)), 1) // an unknown currency has no minor unit
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

// atoi converts at most eighteen digits; "" is 0.
func atoi(s string) int64 {
	var n int64
	for _, c := range []byte(s) {
		n = n*10 + int64(c-'0')
	}
	return n
}
