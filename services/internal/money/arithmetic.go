package money

import (
	"fmt"
	"strings"
)

// IsZero reports whether m is None or an amount of zero.
func (m Money) IsZero() bool { return m.Units == 0 && m.Nanos == 0 }

// Less reports whether m is less than other. Both must be in the same currency.
func (m Money) Less(other Money) bool {
	return m.Units < other.Units || m.Units == other.Units && m.Nanos < other.Nanos
}

// Plus returns the sum of m and other, which must be in the same currency. None counts as zero.
func (m Money) Plus(other Money) Money {
	if m.IsNone() {
		m.Currency = other.Currency
	}
	return normal(m.Currency, m.Units+other.Units, m.Nanos+other.Nanos)
}

// Minus returns m less other, which must be in the same currency. None counts as zero.
func (m Money) Minus(other Money) Money {
	if m.IsNone() {
		m.Currency = other.Currency
	}
	return normal(m.Currency, m.Units-other.Units, m.Nanos-other.Nanos)
}

// normal gives units and nanos the same sign, and nanos less than a unit. nanos must be the sum or difference of two
// such values.
func normal(currency string, units int64, nanos int32) Money {
	if nanos >= nanosPerUnit {
		units, nanos = units+1, nanos-nanosPerUnit
	}
	if nanos <= -nanosPerUnit {
		units, nanos = units-1, nanos+nanosPerUnit
	}
	if units > 0 && nanos < 0 {
		units, nanos = units-1, nanos+nanosPerUnit
	}
	if units < 0 && nanos > 0 {
		units, nanos = units+1, nanos-nanosPerUnit
	}
	return Money{Currency: currency, Units: units, Nanos: nanos}
}

// Decimal returns a non-negative amount as a decimal, with at least its currency's decimal places: "49.90" for USD,
// "50" for JPY; "" for None.
func (m Money) Decimal() string {
	if m.IsNone() {
		return ""
	}
	decimals := 0
	for minor := minorUnitNanos(m.Currency); minor > 0 && minor < nanosPerUnit; minor *= 10 {
		decimals++
	}
	fraction := strings.TrimRight(fmt.Sprintf("%09d", m.Nanos), "0")
	for len(fraction) < decimals {
		fraction += "0"
	}
	if fraction == "" {
		return fmt.Sprintf("%d", m.Units)
	}
	return fmt.Sprintf("%d.%s", m.Units, fraction)
}
