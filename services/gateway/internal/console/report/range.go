package report

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// rangeMark stands between a first and a last day.
const rangeMark = ".."

// ranges are the ranges of days that reports can have, by the names that saved reports keep.
func ranges() []ui.Choice {
	return []ui.Choice{
		{Value: "today", Label: "Today"},
		{Value: "yesterday", Label: "Yesterday"},
		{Value: "last_7_days", Label: "Last 7 days"},
		{Value: "last_30_days", Label: "Last 30 days"},
		{Value: "last_90_days", Label: "Last 90 days"},
		{Value: "this_month", Label: "This month"},
		{Value: "last_month", Label: "Last month"},
		{Value: "this_year", Label: "This year"},
		{Value: "all_time", Label: "All time"},
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
	from, fromOK := ui.DayOf(first, zone)
	to, toOK := ui.DayOf(last, zone)
	switch {
	case !fromOK || !toOK:
		return span{}, "Enter days as 2026-11-01."
	case !from.IsZero() && !to.IsZero() && to.Before(from):
		return span{}, "The last day is before the first."
	}
	return span{from, to}, ""
}

// filter returns the condition that a time lies in these days; empty for all days.
func (s span) filter(field string) string {
	var from, to string
	if !s.from.IsZero() {
		from = field + " >= " + ui.Quoted(s.from.UTC().Format(time.RFC3339))
	}
	if !s.to.IsZero() {
		to = field + " < " + ui.Quoted(ui.DayAfter(s.to).UTC().Format(time.RFC3339))
	}
	return ui.And(from, to)
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
