package listing

import "strings"

const (
	// maxUnitDigits and maxNanoDigits bound the digits of a number in a filter before and after its point, without
	// leading and trailing zeros. They fit two int64, and are more than any amount has.
	maxUnitDigits = 18
	maxNanoDigits = 9
)

// compareAmount compares the number of an amount of money exactly. Both parts of an amount have its sign, so amounts
// are ordered by their units, and then by their nanos.
func (p *filterParser) compareAmount(f *Field, op Op, lit literal) (Expr, error) {
	units, nanos, ok := parseNumber(lit.text)
	if !ok {
		return nil, p.fail(lit.pos, "%.60q is no amount; expected a decimal number with a point and at most %d decimals, such as 10.50, and the currency as a condition of its own",
			lit.text, maxNanoDigits)
	}
	part := func(part Part, op Op, value any) Compare {
		return Compare{Field: f.Stored, Part: part, Op: op, Value: value}
	}
	// Without an amount both numbers are 0, which is different from the amount 0.
	all := And{part(CurrencyCode, NotEqual, "")}
	sameUnits := part(Units, Equal, units)
	switch op {
	case Equal:
		return append(all, sameUnits, part(Nanos, Equal, nanos)), nil
	case NotEqual:
		return append(all, Or{part(Units, NotEqual, units), part(Nanos, NotEqual, nanos)}), nil
	default:
		strict := Op(strings.TrimSuffix(string(op), "="))
		return append(all, Or{part(Units, strict, units), And{sameUnits, part(Nanos, op, nanos)}}), nil
	}
}

// parseNumber parses a decimal number such as -10.50 as units and billionths, which both have its sign.
func parseNumber(text string) (units, nanos int64, ok bool) {
	text, negative := strings.CutPrefix(text, "-")
	if !negative {
		text = strings.TrimPrefix(text, "+")
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if whole == "" || !isDigits(whole) || pointed && (fraction == "" || !isDigits(fraction)) {
		return 0, 0, false
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole) > maxUnitDigits || len(fraction) > maxNanoDigits {
		return 0, 0, false
	}
	units, nanos = digitsValue(whole), digitsValue((fraction + "000000000")[:maxNanoDigits])
	if negative {
		units, nanos = -units, -nanos
	}
	return units, nanos, true
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// digitsValue returns the value of at most 18 digits; 0 for none.
func digitsValue(digits string) int64 {
	var n int64
	for _, digit := range []byte(digits) {
		n = n*10 + int64(digit-'0')
	}
	return n
}
