package money

import "strings"

// Minor returns the amount in its currency's smallest units, such as cents: 4990 for 49.90 USD, 50 for 50 JPY. whole is
// false if the amount is finer than that; n is then rounded down. The currency must be known, and the amount within the
// bounds of CheckAmount.
func (m Money) Minor() (n int64, whole bool) {
	unit := minorUnitNanos(strings.ToUpper(m.Currency))
	return m.Units*(nanosPerUnit/unit) + int64(m.Nanos)/unit, int64(m.Nanos)%unit == 0
}

// OfMinor is the inverse of Minor: the amount of n smallest units of a currency. n is not negative.
func OfMinor(n int64, currencyCode string) Money {
	unit := minorUnitNanos(currencyCode)
	perUnit := nanosPerUnit / unit
	return Money{Currency: currencyCode, Units: n / perUnit, Nanos: int32(n % perUnit * unit)} //nolint:gosec // less than a billion
}
