package attribution_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

func createReport(t *testing.T, s *service, r rollup.SavedReport) reporting.SavedReport {
	t.Helper()
	created, err := s.CreateSavedReport(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func TestSavedReportIsKept(t *testing.T) {
	s := newService(t, newCatalog(t))
	created := createReport(t, s, rollup.SavedReport{
		ID: "weekly", DisplayName: " Weekly ", Columns: []string{"pub_unique3"}, Filter: "status = APPROVED OR status = PENDING",
		OrderBy: "conversion_time", Range: rollup.Last7Days, GroupBy: []rollup.Dimension{rollup.ByDay}, GroupOrderBy: "amount desc, day",
	})
	const filter = `(status = APPROVED OR status = PENDING) AND conversion_time >= "2026-11-16T00:00:00Z" AND conversion_time < "2026-11-23T00:00:00Z"`
	if created.DisplayName != "Weekly" || created.CurrentStart != "2026-11-16" || created.CurrentEnd != "2026-11-22" || created.CurrentFilter != filter {
		t.Errorf("created is %+v", created)
	}
	if _, _, err := s.Conversions(t.Context(), listing.Request{Filter: created.CurrentFilter, OrderBy: created.OrderBy}); err != nil {
		t.Errorf("the current filter is refused: %v", err)
	}
	got, err := s.SavedReport(t.Context(), "weekly")
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", created) {
		t.Errorf("read is\n%+v (%v), want\n%+v", got, err, created)
	}
	if _, err := s.CreateSavedReport(t.Context(), rollup.SavedReport{ID: "weekly", DisplayName: "x"}); reasonOf(err) != "SAVED_REPORT_EXISTS" {
		t.Errorf("the id once more: %v", err)
	}
	if _, err := s.CreateSavedReport(t.Context(), rollup.SavedReport{ID: "Weekly", DisplayName: "x"}); reasonOf(err) != "INVALID_ID" {
		t.Errorf("an id that is none: %v", err)
	}
	if _, err := s.SavedReport(t.Context(), "none"); reasonOf(err) != "SAVED_REPORT_NOT_FOUND" {
		t.Errorf("none: %v", err)
	}
	made := createReport(t, s, rollup.SavedReport{DisplayName: "All"})
	if !resource.IsID(made.ID) || made.CurrentFilter != "" || made.CurrentStart != "" || made.CurrentEnd != "" {
		t.Errorf("one of all days is %+v", made)
	}
}

func TestSavedReportThatCouldNotBeRead(t *testing.T) {
	s := newService(t, newCatalog(t))
	for _, tt := range []struct {
		report rollup.SavedReport
		reason string
	}{
		{rollup.SavedReport{Filter: "colour = red"}, "INVALID_FILTER"},
		{rollup.SavedReport{Filter: "status = APPROVED) OR (status = PENDING"}, "INVALID_FILTER"},
		{rollup.SavedReport{OrderBy: "colour"}, "INVALID_ORDER_BY"},
		{rollup.SavedReport{GroupBy: []rollup.Dimension{rollup.ByOffer}, GroupOrderBy: "day"}, "INVALID_ORDER_BY"},
		{rollup.SavedReport{GroupBy: []rollup.Dimension{""}}, "INVALID_GROUP_BY"},
		{rollup.SavedReport{GroupBy: []rollup.Dimension{rollup.ByDay, rollup.ByDay}}, "INVALID_GROUP_BY"},
		{rollup.SavedReport{Columns: []string{"colour"}}, "UNKNOWN_COLUMN"},
		{rollup.SavedReport{Filter: `event = "` + strings.Repeat("x", 4080) + `"`, Range: rollup.Last7Days}, "INVALID_FILTER"},
		{rollup.SavedReport{Filter: strings.Repeat("(", 32) + "event = x" + strings.Repeat(")", 32), Range: rollup.Today}, "INVALID_FILTER"},
	} {
		tt.report.DisplayName = "x"
		if _, err := s.CreateSavedReport(t.Context(), tt.report); reasonOf(err) != tt.reason {
			t.Errorf("%.60q: %v, want %s", tt.report.Filter, err, tt.reason)
		}
	}
	long := rollup.SavedReport{DisplayName: "x", Filter: `event = "` + strings.Repeat("x", 4080) + `"`}
	createReport(t, s, long) // of all days, it has the room
}

func TestSavedReportIsChanged(t *testing.T) {
	s := newService(t, newCatalog(t))
	first := createReport(t, s, rollup.SavedReport{ID: "r", DisplayName: "First", Filter: "status = APPROVED", Range: rollup.Today})
	update := func(from rollup.SavedReport, etag string, fields ...string) (reporting.SavedReport, error) {
		from.ID = "r"
		return s.UpdateSavedReport(t.Context(), from, reporting.SavedReportChange{ETag: etag, Fields: fields})
	}
	etag := reporting.SavedReportETag(first.SavedReport)
	second, err := update(rollup.SavedReport{DisplayName: "Second", Filter: "ignored"}, etag, "display_name")
	if err != nil || second.DisplayName != "Second" || second.Filter != "status = APPROVED" || reporting.SavedReportETag(second.SavedReport) == etag {
		t.Errorf("the second is %+v (%v)", second, err)
	}
	if _, err := update(rollup.SavedReport{DisplayName: "Third"}, etag, "display_name"); reasonOf(err) != "ETAG_MISMATCH" {
		t.Errorf("by the old etag: %v", err)
	}
	if _, err := update(rollup.SavedReport{StartDate: "2026-11-01"}, "", "start_date"); reasonOf(err) != "RANGE_AND_DATES" {
		t.Errorf("dates beside the range: %v", err)
	}
	third, err := update(rollup.SavedReport{StartDate: "2026-11-01", Columns: []string{"name"}, GroupBy: []rollup.Dimension{rollup.ByOffer}, OrderBy: "offer", GroupOrderBy: "payout"}, "",
		"start_date", "end_date", "range", "columns", "group_by", "group_order_by", "order_by", "filter")
	if err != nil || third.GroupOrderBy != "payout" || third.CurrentFilter != `conversion_time >= "2026-11-01T00:00:00Z"` || third.DisplayName != "Second" || third.Columns[0] != "name" {
		t.Errorf("the third is %+v (%v)", third, err)
	}
	if _, err := s.UpdateSavedReport(t.Context(), rollup.SavedReport{ID: "none"}, reporting.SavedReportChange{}); reasonOf(err) != "SAVED_REPORT_NOT_FOUND" {
		t.Errorf("changing none: %v", err)
	}
	if err := s.DeleteSavedReport(t.Context(), "r", etag); reasonOf(err) != "ETAG_MISMATCH" {
		t.Errorf("deleting by the old etag: %v", err)
	}
	if err := s.DeleteSavedReport(t.Context(), "r", reporting.SavedReportETag(third.SavedReport)); err != nil {
		t.Errorf("deleting: %v", err)
	}
	if err := s.DeleteSavedReport(t.Context(), "r", ""); reasonOf(err) != "SAVED_REPORT_NOT_FOUND" {
		t.Errorf("deleting again: %v", err)
	}
}

func TestSavedReportsAreListedByName(t *testing.T) {
	s := newService(t, newCatalog(t))
	for i, name := range []string{"Delta", "Alpha", "Charlie", "Alpha", "Bravo"} {
		createReport(t, s, rollup.SavedReport{ID: fmt.Sprint("r", i), DisplayName: name})
	}
	var names []string
	req := listing.Request{PageSize: 2}
	for {
		page, next, err := s.SavedReports(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			names = append(names, r.DisplayName+"/"+r.ID)
		}
		if req.PageToken = next; next == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != "Alpha/r1 Alpha/r3 Bravo/r4 Charlie/r2 Delta/r0" {
		t.Errorf("the list is %s", got)
	}
}
