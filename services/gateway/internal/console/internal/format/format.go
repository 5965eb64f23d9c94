// Package format writes values for people to read: numbers in groups, money by its currency, dates in
// the program's time zone.
//
// Only the console imports it.
package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
)

const (
	dateLayout     = "2 Jan 2006"
	dateTimeLayout = "2 Jan 2006, 15:04"
	nanosPerUnit   = 1_000_000_000
)

// Date returns a day such as 22 Nov 2026, empty for no time.
func Date(t time.Time, zone *time.Location) string { return at(t, zone, dateLayout) }

// DateTime returns a moment to the minute such as 22 Nov 2026, 14:05, empty for no time.
func DateTime(t time.Time, zone *time.Location) string { return at(t, zone, dateTimeLayout) }

// InputDate returns a day as date inputs have it: 2026-11-22.
func InputDate(t time.Time, zone *time.Location) string { return at(t, zone, time.DateOnly) }

func at(t time.Time, zone *time.Location, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(layout)
}

// Number returns a number in groups of three: 12,345.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Money returns an amount of units and billionths of one currency, with its sign where everybody knows
// it: $1,249.90, 12.50 CHF. No currency is no amount: empty.
func Money(code string, units int64, nanos int32) string {
	if code == "" {
		return ""
	}
	sign := ""
	if units < 0 || nanos < 0 {
		sign, units, nanos = "-", -units, -nanos
	}
	amount := Number(units) + fraction(code, nanos)
	switch code {
	case "USD":
		return sign + "$" + amount
	case "EUR":
		return sign + "€" + amount
	case "GBP":
		return sign + "£" + amount
	case "JPY":
		return sign + "¥" + amount
	default:
		return sign + amount + " " + code
	}
}

// Decimal returns an amount as a form takes it: 1249.90.
func Decimal(code string, units int64, nanos int32) string {
	return strconv.FormatInt(units, 10) + fraction(code, nanos)
}

// fraction returns the decimals with their point: as many as the currency has, and more only where the
// amount has more.
func fraction(code string, nanos int32) string {
	digits := strings.TrimRight(fmt.Sprintf("%09d", nanos%nanosPerUnit), "0")
	scale := 2
	if unit, err := currency.ParseISO(code); err == nil {
		scale, _ = currency.Standard.Rounding(unit)
	}
	// The table rounds some currencies to whole units, as prices are shown; a fraction of those has
	// two decimals all the same.
	if scale == 0 && digits != "" {
		scale = 2
	}
	for len(digits) < scale {
		digits += "0"
	}
	if digits == "" {
		return ""
	}
	return "." + digits
}

// Duration returns a length of time in its greatest whole unit: 30 days, 12 hours, 1 second.
func Duration(d time.Duration) string {
	n, unit := InUnit(d)
	text := Number(n) + " " + unit
	if n == 1 {
		text = strings.TrimSuffix(text, "s")
	}
	return text
}

// Latency returns how long an answer took, in milliseconds: 2.3 ms, 1,250 ms. Tenths are given below ten.
func Latency(d time.Duration) string {
	if rounded := d.Round(time.Millisecond / 10); rounded < 10*time.Millisecond {
		return strconv.FormatFloat(float64(rounded)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	}
	return Number(d.Round(time.Millisecond).Milliseconds()) + " ms"
}

// InUnit returns a length of time of whole seconds as a number and its greatest whole unit: days, hours,
// minutes or seconds.
func InUnit(d time.Duration) (n int64, unit string) {
	for _, u := range Units() {
		if d != 0 && d%u.Length == 0 {
			return int64(d / u.Length), u.Name
		}
	}
	if d == 0 {
		return 0, "days"
	}
	return int64(d / time.Second), "seconds"
}

// Unit is a unit of time.
type Unit struct {
	Name   string
	Length time.Duration
}

// Units returns the units that lengths of time are given in, the greatest first. A day has 24 hours.
func Units() []Unit {
	return []Unit{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}
}

// Percent returns a share as a percentage: 12.5%, 140%. From 100 on it has no decimals.
func Percent(share float64) string {
	decimals := 1
	if share >= 1 {
		decimals = 0
	}
	text := strconv.FormatFloat(share*100, 'f', decimals, 64)
	return strings.TrimSuffix(text, ".0") + "%"
}
