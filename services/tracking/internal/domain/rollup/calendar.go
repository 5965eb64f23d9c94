package rollup

import (
	"fmt"
	"math"
	"time"

	"github.com/couponlink/couponlink/services/internal/civilday"
)

// Calendar computes days and months in the program's time zone.
type Calendar struct{ zone *time.Location }

// NewCalendar returns the calendar of a time zone.
func NewCalendar(zone *time.Location) Calendar { return Calendar{zone: zone} }

func (c Calendar) Zone() *time.Location { return c.zone }

// Day is a day of the calendar, counted from 1 January 1970.
type Day int32

// Month is a month of the calendar, counted from January of the year 0.
type Month int32

// The bounds of open-ended ranges.
const (
	FirstDay Day = math.MinInt32
	LastDay  Day = math.MaxInt32
)

const secondsPerDay = 24 * 60 * 60

// DayOf returns a day of the civil calendar. Days beyond a month's end fall into the next month.
func DayOf(year int, month time.Month, day int) Day {
	seconds := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() // whole days, before 1970 too
	return Day(min(max(seconds/secondsPerDay, math.MinInt32), math.MaxInt32))
}

// ParseDay parses a day such as 2026-11-01.
func ParseDay(text string) (Day, error) {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no day; expected one such as 2026-11-01", text)
	}
	return DayOf(date.Date()), nil
}

// Date returns the day's year, month and day.
func (d Day) Date() (int, time.Month, int) {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC().Date()
}

// String returns the day as 2026-11-01.
func (d Day) String() string { return time.Unix(int64(d)*secondsPerDay, 0).UTC().Format(time.DateOnly) }

// Month returns the day's month.
func (d Day) Month() Month {
	year, month, _ := d.Date()
	return Month(year*12 + int(month) - 1) //nolint:gosec // a Day has at most some six million years
}

// Monday returns the first day of the day's week.
func (d Day) Monday() Day {
	sinceMonday := (int64(d) + 3) % 7 // 1 January 1970 was a Thursday
	if sinceMonday < 0 {
		sinceMonday += 7
	}
	return d - Day(sinceMonday)
}

// First returns the month's first day.
func (m Month) First() Day {
	return DayOf(int(m/12), time.Month(m%12+1), 1)
}

// Last returns the month's last day.
func (m Month) Last() Day { return (m + 1).First() - 1 }

// Day returns the day that contains a moment.
func (c Calendar) Day(at time.Time) Day { return DayOf(at.In(c.zone).Date()) }

// Begin returns the day's first moment, in UTC. It is not always midnight: some zones put clocks forward at
// midnight, and that day begins at one o'clock.
func (c Calendar) Begin(d Day) time.Time {
	year, month, day := d.Date()
	return civilday.Begin(year, month, day, c.zone).UTC()
}
