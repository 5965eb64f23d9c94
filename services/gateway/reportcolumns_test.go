package gateway

import (
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/console/report"
)

// TestReportHasTheExportsColumns keeps the console's columns those of the file that it downloads.
func TestReportHasTheExportsColumns(t *testing.T) {
	var exported []string
	for _, c := range exportColumns() {
		exported = append(exported, c.name)
	}
	shown := report.ReportColumns()
	slices.Sort(exported)
	slices.Sort(shown)
	if !slices.Equal(exported, shown) {
		t.Errorf("the report has the columns\n%v\nthe export\n%v", shown, exported)
	}
}
