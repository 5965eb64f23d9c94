package money

import "math/big"

// Share returns the part of m that corresponds to part of whole, exact to a billionth, rounded half to even. All of m
// corresponds to the whole, even to one of zero.
func (m Money) Share(part, whole Money) Money {
	if part == whole || whole.IsZero() {
		return m
	}
	product := new(big.Int).Mul(m.billionths(), part.billionths())
	quotient, rest := new(big.Int).QuoRem(product, whole.billionths(), new(big.Int))
	switch twice := rest.Lsh(rest, 1).Cmp(whole.billionths()); {
	case twice > 0, twice == 0 && quotient.Bit(0) == 1:
		quotient.Add(quotient, big.NewInt(1))
	}
	units, nanos := new(big.Int).QuoRem(quotient, big.NewInt(nanosPerUnit), new(big.Int))
	return Money{Currency: m.Currency, Units: units.Int64(), Nanos: int32(nanos.Int64())} //nolint:gosec // less than a unit
}

// billionths returns the amount in billionths of a unit.
func (m Money) billionths() *big.Int {
	n := new(big.Int).Mul(big.NewInt(m.Units), big.NewInt(nanosPerUnit))
	return n.Add(n, big.NewInt(int64(m.Nanos)))
}
