package ui

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// StampOf returns a time for the API; nil for none.
func StampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// DayText is a day in a form.
func (p *Page) DayText(t time.Time) string { return format.InputDate(t, p.Zone) }

// DayOf reads a day such as 2026-11-01; empty is no day, and fine.
func DayOf(text string, zone *time.Location) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, false
	}
	return civilday.Begin(day.Year(), day.Month(), day.Day(), zone), true
}

// DayAfter returns when the day after a day begins.
func DayAfter(day time.Time) time.Time {
	return civilday.Begin(day.Year(), day.Month(), day.Day()+1, day.Location())
}
