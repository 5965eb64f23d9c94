package rollup_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones, whatever the machine has

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// zones have leaps at midnight, at odd hours, by half hours, and a day that never was.
func zones(t testing.TB) []*time.Location {
	t.Helper()
	var all []*time.Location
	for _, name := range []string{
		"UTC", "Europe/Prague", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
		"America/Havana", "America/Toronto", "Africa/Cairo", "Asia/Amman", "Atlantic/Azores",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, zone)
	}
	return all
}

func TestDaysHaveNoGapsAndNoOverlaps(t *testing.T) {
	for _, zone := range zones(t) {
		calendar := rollup.NewCalendar(zone)
		from, to := rollup.DayOf(1990, time.January, 1), rollup.DayOf(2037, time.December, 31)
		for d := from; d < to; d++ {
			begin, end := calendar.Begin(d), calendar.Begin(d+1)
			if begin.Equal(end) && d == rollup.DayOf(2011, time.December, 30) {
				continue // Samoa went from the 29th to the 31st
			}
			if calendar.Day(begin) != d || calendar.Day(end.Add(-time.Millisecond)) != d {
				t.Fatalf("%s: %s is from %s to %s, whose days are %s and %s", zone, d, begin, end, calendar.Day(begin), calendar.Day(end.Add(-time.Millisecond)))
			}
			if before := calendar.Day(begin.Add(-time.Millisecond)); before >= d {
				t.Fatalf("%s: the moment before %s is in %s", zone, d, before)
			}
		}
	}
}

func TestDaysAcrossDaylightSaving(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	calendar := rollup.NewCalendar(prague)
	for day, hours := range map[string]float64{"2026-03-29": 23, "2026-10-25": 25, "2026-11-01": 24} {
		d, err := rollup.ParseDay(day)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.Begin(d + 1).Sub(calendar.Begin(d)).Hours(); got != hours {
			t.Errorf("%s has %v hours, want %v", day, got, hours)
		}
		if d.String() != day {
			t.Errorf("%s is written as %s", day, d)
		}
	}
}

func TestMonthsAndWeeks(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		d := rollup.Day(rapid.Int32Range(-800_000, 800_000).Draw(t, "day")) // before and after the year 0
		month, monday := d.Month(), d.Monday()
		if month.First() > d || month.Last() < d || month.First().Month() != month || month.Last().Month() != month {
			t.Fatalf("%s is not in its month, %s to %s", d, month.First(), month.Last())
		}
		if (month + 1).First() != month.Last()+1 {
			t.Fatalf("between %s and the next month there is a gap", month.Last())
		}
		year, m, day := monday.Date()
		if time.Date(year, m, day, 0, 0, 0, 0, time.UTC).Weekday() != time.Monday || monday > d || d-monday > 6 {
			t.Fatalf("the Monday of %s is %s", d, monday)
		}
	})
	if _, err := rollup.ParseDay("2026-02-30"); err == nil {
		t.Error("2026-02-30 is taken for a day")
	}
}
