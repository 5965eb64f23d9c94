package console

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// rangeMark stands between a first and a last day.
const rangeMark = ".."

// ranges are the ranges of days that reports can have, by the names that saved reports keep.
func ranges() []choice {
	return []choice{
		{"today", "Today"},
		{"yesterday", "Yesterday"},
		{"last_7_days", "Last 7 days"},
		{"last_30_days", "Last 30 days"},
		{"last_90_days", "Last 90 days"},
		{"this_month", "This month"},
		{"last_month", "Last month"},
		{"this_year", "This year"},
		{"all_time", "All time"},
	}
}

// span are days in a zone, both included; a zero time is no bound.
type span struct{ from, to time.Time }

// spanOf returns a range's days as of now, in now's zone; or what is wrong with it, in words.
func spanOf(name string, now time.Time) (span, string) {
	zone := now.Location()
	today := civilday.Begin(now.Year(), now.Month(), now.Day(), zone)
	back := func(days int) time.Time { return civilday.Begin(now.Year(), now.Month(), now.Day()-days, zone) }
	switch name {
	case "today":
		return span{today, today}, ""
	case "yesterday":
		return span{back(1), back(1)}, ""
	case "last_7_days":
		return span{back(6), today}, ""
	case "last_30_days":
		return span{back(29), today}, ""
	case "last_90_days":
		return span{back(89), today}, ""
	case "this_month":
		return span{civilday.Begin(now.Year(), now.Month(), 1, zone), today}, ""
	case "last_month":
		return span{civilday.Begin(now.Year(), now.Month()-1, 1, zone), civilday.Begin(now.Year(), now.Month(), 0, zone)}, ""
	case "this_year":
		return span{civilday.Begin(now.Year(), time.January, 1, zone), today}, ""
	case "all_time":
		return span{}, ""
	}
	first, last, isDays := strings.Cut(name, rangeMark)
	if !isDays {
		return span{}, "There is no such range of days."
	}
	from, fromOK := dayOf(first, zone)
	to, toOK := dayOf(last, zone)
	switch {
	case !fromOK || !toOK:
		return span{}, "Write days as 2026-11-01."
	case !from.IsZero() && !to.IsZero() && to.Before(from):
		return span{}, "The last day is before the first."
	}
	return span{from, to}, ""
}

// dayOf reads a day such as 2026-11-01; empty is no day, and fine.
func dayOf(text string, zone *time.Location) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, false
	}
	return civilday.Begin(day.Year(), day.Month(), day.Day(), zone), true
}

// after returns when the day after a day begins.
func after(day time.Time) time.Time {
	return civilday.Begin(day.Year(), day.Month(), day.Day()+1, day.Location())
}

// filter returns the condition that a time lies in these days; empty for all days.
func (s span) filter(field string) string {
	var from, to string
	if !s.from.IsZero() {
		from = field + " >= " + quoted(s.from.UTC().Format(time.RFC3339))
	}
	if !s.to.IsZero() {
		to = field + " < " + quoted(after(s.to).UTC().Format(time.RFC3339))
	}
	return and(from, to)
}

// dates are the days as the API has them; empty for no bound.
func (s span) dates() (from, to string) {
	return format.InputDate(s.from, s.from.Location()), format.InputDate(s.to, s.to.Location())
}

// String says the days in words.
func (s span) String() string {
	from, to := format.Date(s.from, s.from.Location()), format.Date(s.to, s.to.Location())
	switch {
	case from == "" && to == "":
		return "All days"
	case from == "":
		return "Up to " + to
	case to == "":
		return "From " + from
	case from == to:
		return from
	default:
		return from + " to " + to
	}
}

// length is how many days there are; 0 where they have no bound.
func (s span) length() int {
	if s.from.IsZero() || s.to.IsZero() {
		return 0
	}
	return int(s.to.Sub(s.from).Hours()/24+0.5) + 1
}
