package e2e

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// TestColumnsOfSavedReports checks that a report can have all columns that the export lists, and that the export
// accepts each.
func TestColumnsOfSavedReports(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), nil)
	reports := trackingv1.NewSavedReportServiceClient(dialWithKey(t, s.addrs[2]))
	_, list, found := strings.Cut(s.export(t, "no such column", "").text, "the columns are ")
	list, _, closed := strings.Cut(list, `"`)
	if !found || !closed {
		t.Fatalf("the export does not name its columns: %q", list)
	}
	columns := strings.Split(list, ", ")
	for i := range columns {
		columns[i], _, _ = strings.Cut(columns[i], " (") // the name in camelCase
	}
	report, err := reports.CreateSavedReport(t.Context(), &trackingv1.CreateSavedReportRequest{
		SavedReport: &trackingv1.SavedReport{DisplayName: "All columns", Columns: columns, Range: trackingv1.SavedReport_LAST_7_DAYS},
	})
	if err != nil {
		t.Fatalf("all columns of the export: %v", err)
	}
	_, err = reports.CreateSavedReport(t.Context(), &trackingv1.CreateSavedReportRequest{
		SavedReport: &trackingv1.SavedReport{DisplayName: "One more", Columns: []string{"no such column"}},
	})
	if _, known, _ := strings.Cut(err.Error(), "the columns are "); known != list {
		t.Errorf("the columns of saved reports are %q, and of the export %q", known, list)
	}
	exported := s.export(t, strings.Join(report.GetColumns(), ","), report.GetCurrentFilter())
	head, err := csv.NewReader(strings.NewReader(exported.text)).Read()
	if err != nil || exported.httpStatus != http.StatusOK || !slices.Equal(head, columns) {
		t.Errorf("the report is exported as %d %q (%v)", exported.httpStatus, exported.text, err)
	}
}

// export exports columns of the conversions that a filter selects.
func (s *system) export(t *testing.T, columns, filter string) answer {
	t.Helper()
	query := url.Values{"format": {"csv"}, "columns": {columns}, "filter": {filter}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/v1/reports/conversions:export?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	a, err := doHTTP(s.client, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
