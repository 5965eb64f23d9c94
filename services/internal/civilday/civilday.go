// Package civilday says when the days of a time zone begin.
//
// Any package may import it; it imports none of ours.
package civilday

import (
	"sort"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// Begin returns a day's first moment in a zone; days beyond a month's end are those of the next. It is not
// always midnight: where clocks are put forward at night a day begins at one o'clock, where they are put
// back there may be two midnights, and of a day that never was it is the next day's.
func Begin(year int, month time.Month, day int, zone *time.Location) time.Time {
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	isReached := func(at time.Time) bool {
		y, m, d := at.In(zone).Date()
		return !time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Before(want)
	}
	begin := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if y, m, d := begin.Date(); want.Equal(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) && !isReached(begin.Add(-time.Millisecond)) {
		return begin
	}
	// No zone is further than a day from UTC, and none leaps further than a day.
	from := want.Unix() - 2*secondsPerDay
	seconds := sort.Search(4*secondsPerDay, func(n int) bool { return isReached(time.Unix(from+int64(n), 0)) })
	return time.Unix(from+int64(seconds), 0).In(zone)
}
