package rollup_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

func prague(t testing.TB) rollup.Calendar {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	return rollup.NewCalendar(zone)
}

// TestDaysOfARange looks at days on both sides of a change of the clocks: each bound has the offset of
// its own day.
func TestDaysOfARange(t *testing.T) {
	calendar := prague(t)
	for _, tt := range []struct {
		now          string
		days         rollup.ReportRange
		start, end   string
		begin, until string
	}{
		{"2026-10-28T12:00:00Z", rollup.Last7Days, "2026-10-22", "2026-10-28", "2026-10-21T22:00:00Z", "2026-10-28T23:00:00Z"},
		{"2026-03-31T12:00:00Z", rollup.Last7Days, "2026-03-25", "2026-03-31", "2026-03-24T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"2026-10-24T22:30:00Z", rollup.Last7Days, "2026-10-19", "2026-10-25", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"}, // already the 25th
		{"2026-10-25T00:30:00Z", rollup.Today, "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},     // 25 hours
		{"2026-03-29T10:00:00Z", rollup.Today, "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},     // 23 hours
		{"2026-03-30T10:00:00Z", rollup.Yesterday, "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"2026-11-22T10:00:00Z", rollup.Last30Days, "2026-10-24", "2026-11-22", "2026-10-23T22:00:00Z", "2026-11-22T23:00:00Z"},
		{"2026-11-22T10:00:00Z", rollup.Last90Days, "2026-08-25", "2026-11-22", "2026-08-24T22:00:00Z", "2026-11-22T23:00:00Z"},
		{"2026-10-31T23:30:00Z", rollup.ThisMonth, "2026-11-01", "2026-11-01", "2026-10-31T23:00:00Z", "2026-11-01T23:00:00Z"}, // already November
		{"2026-04-02T10:00:00Z", rollup.LastMonth, "2026-03-01", "2026-03-31", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"2027-01-15T10:00:00Z", rollup.LastMonth, "2026-12-01", "2026-12-31", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"2028-03-01T10:00:00Z", rollup.LastMonth, "2028-02-01", "2028-02-29", "2028-01-31T23:00:00Z", "2028-02-29T23:00:00Z"},
		{"2026-11-22T10:00:00Z", rollup.ThisYear, "2026-01-01", "2026-11-22", "2025-12-31T23:00:00Z", "2026-11-22T23:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		report := rollup.SavedReport{Filter: "status = APPROVED OR status = PENDING", Range: tt.days}
		from, to := report.Days(calendar.Day(now))
		if from.String() != tt.start || to.String() != tt.end {
			t.Errorf("%s at %s: %s to %s, want %s to %s", tt.days, tt.now, from, to, tt.start, tt.end)
		}
		want := `(status = APPROVED OR status = PENDING) AND conversion_time >= "` + tt.begin + `" AND conversion_time < "` + tt.until + `"`
		if got := report.CurrentFilter(calendar, now); got != want {
			t.Errorf("%s at %s: the filter is\n%s, want\n%s", tt.days, tt.now, got, want)
		}
	}
}

func TestFilterOfFixedDays(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		report rollup.SavedReport
		want   string
	}{
		{rollup.SavedReport{}, ""},
		{rollup.SavedReport{Range: rollup.AllTime}, ""},
		{rollup.SavedReport{Filter: "a OR b"}, "a OR b"},
		{rollup.SavedReport{Filter: "a OR b", Range: rollup.AllTime}, "a OR b"},
		{rollup.SavedReport{StartDate: "2026-10-25"}, `conversion_time >= "2026-10-24T22:00:00Z"`},
		{rollup.SavedReport{EndDate: "2026-10-25"}, `conversion_time < "2026-10-25T23:00:00Z"`},
		{rollup.SavedReport{Filter: "a", EndDate: "2026-10-25"}, `(a) AND conversion_time < "2026-10-25T23:00:00Z"`},
		{rollup.SavedReport{StartDate: "2026-10-25", EndDate: "2026-10-25"}, `conversion_time >= "2026-10-24T22:00:00Z" AND conversion_time < "2026-10-25T23:00:00Z"`},
	} {
		if got := tt.report.CurrentFilter(prague(t), now); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.report, got, tt.want)
		}
	}
}

// TestRangesHoldToday checks of every range at any moment in any zone that it has the days that its name
// says.
func TestRangesHoldToday(t *testing.T) {
	all := zones(t)
	propertytest.Check(t, func(t *rapid.T) {
		calendar := rollup.NewCalendar(rapid.SampledFrom(all).Draw(t, "zone"))
		now := time.Unix(rapid.Int64Range(946_684_800, 4_102_444_800).Draw(t, "now"), 0).UTC()
		today := calendar.Day(now)
		for days, count := range map[rollup.ReportRange]rollup.Day{rollup.Today: 1, rollup.Last7Days: 7, rollup.Last30Days: 30, rollup.Last90Days: 90} {
			if from, to := (rollup.SavedReport{Range: days}).Days(today); to != today || to-from+1 != count {
				t.Fatalf("%s on %s: %s to %s", days, today, from, to)
			}
		}
		from, _ := rollup.SavedReport{Range: rollup.ThisMonth}.Days(today)
		first, last := rollup.SavedReport{Range: rollup.LastMonth}.Days(today)
		if from.Month() != today.Month() || last != from-1 || first.Month() != last.Month() || (first-1).Month() == first.Month() {
			t.Fatalf("on %s this month is from %s, last month %s to %s", today, from, first, last)
		}
		if begin := calendar.Begin(from); begin.After(now) {
			t.Fatalf("this month begins at %s, after %s", begin, now)
		}
	})
}

func TestSavedReportsAreChecked(t *testing.T) {
	known := []string{"conversion_time", "name", "pub_unique3"}
	good := rollup.SavedReport{
		DisplayName: "  Aurora's codes  ", Columns: []string{"conversion_time", "pub_unique3"}, Filter: " status = APPROVED ",
		Range: rollup.Last7Days, GroupBy: []rollup.Dimension{rollup.ByDay, rollup.ByPublisher},
	}
	if got, err := rollup.CheckSavedReport(good, known); err != nil || got.DisplayName != "Aurora's codes" || got.Filter != "status = APPROVED" {
		t.Errorf("got %+v, %v", got, err)
	}
	dates := good
	dates.Range, dates.StartDate, dates.EndDate = rollup.NoRange, "2026-11-01", "2026-11-01"
	if _, err := rollup.CheckSavedReport(dates, known); err != nil {
		t.Errorf("fixed days: %v", err)
	}
	everything := good
	everything.Columns = known
	if _, err := rollup.CheckSavedReport(everything, known); err != nil {
		t.Errorf("all columns: %v", err)
	}
	for field, changes := range map[string][]func(*rollup.SavedReport){
		"display_name": {
			func(r *rollup.SavedReport) { r.DisplayName = " " },
			func(r *rollup.SavedReport) { r.DisplayName = strings.Repeat("ž", 101) },
			func(r *rollup.SavedReport) { r.DisplayName = "a\nb" },
			func(r *rollup.SavedReport) { r.DisplayName = "\xff" },
		},
		"columns": {
			func(r *rollup.SavedReport) { r.Columns = []string{"colour"} },
			func(r *rollup.SavedReport) { r.Columns = []string{"name", "name"} },
			func(r *rollup.SavedReport) { r.Columns = slices.Repeat([]string{"name"}, 61) },
		},
		"group_by": {
			func(r *rollup.SavedReport) { r.GroupBy = []rollup.Dimension{"COLOUR"} },
			func(r *rollup.SavedReport) {
				r.GroupBy = []rollup.Dimension{rollup.ByOffer, rollup.ByOffer}
			},
			func(r *rollup.SavedReport) { r.GroupBy = []rollup.Dimension{rollup.ByDay, rollup.ByMonth} },
		},
		"group_order_by": {
			func(r *rollup.SavedReport) { r.GroupBy, r.GroupOrderBy = nil, "amount" },
		},
		"range": {
			func(r *rollup.SavedReport) { r.Range = "LAST_8_DAYS" },
			func(r *rollup.SavedReport) { r.StartDate = "2026-11-01" },
			func(r *rollup.SavedReport) { r.Range, r.EndDate = rollup.AllTime, "2026-11-01" },
		},
		"start_date": {
			func(r *rollup.SavedReport) { r.Range, r.StartDate = rollup.NoRange, "2026-02-30" },
			func(r *rollup.SavedReport) { r.Range, r.StartDate = rollup.NoRange, "0001-01-01" },
		},
		"end_date": {
			func(r *rollup.SavedReport) { r.Range, r.EndDate = rollup.NoRange, "1.11.2026" },
			func(r *rollup.SavedReport) { r.Range, r.EndDate = rollup.NoRange, "9999-12-31" },
			func(r *rollup.SavedReport) {
				r.Range, r.StartDate, r.EndDate = rollup.NoRange, "2026-11-02", "2026-11-01"
			},
		},
	} {
		for i, change := range changes {
			bad := good
			change(&bad)
			_, err := rollup.CheckSavedReport(bad, known)
			if e := apperr.As(err); e == nil || e.Kind != apperr.InvalidArgument || e.Violations[0].Field != field {
				t.Errorf("%s %d: %v", field, i, err)
			}
		}
	}
}
