// Package civilday computes when days begin in a time zone.
//
// Any package may import it; it imports none of ours.
package civilday

import (
	"sort"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// Begin returns the first moment of a day in a zone. Like time.Date it normalizes days outside the month. A day does
// not always begin at midnight: if clocks go forward at midnight, it begins at one o'clock; if they go back there, the
// first of two midnights counts. For a day that a zone skipped, Begin returns the beginning of the next day.
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
	// No zone is more than a day from UTC, and none changes by more than a day.
	from := want.Unix() - 2*secondsPerDay
	seconds := sort.Search(4*secondsPerDay, func(n int) bool { return isReached(time.Unix(from+int64(n), 0)) })
	return time.Unix(from+int64(seconds), 0).In(zone)
}
