package report_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// A filter that was typed but not applied survives other changes, and is still not applied.
func TestFilterDraftSurvives(t *testing.T) {
	_, b := consoletest.OpenSales(t, nil)
	const draft = "draft=1&c=pub_unique3&o=eq&v=TYPED&match=all"
	a := b.Get(reportPath + "?range=days&from=2026-11-01&to=2026-11-02&" + draft)
	location := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.Contains(location, "range=2026-11-01..2026-11-02") || !strings.Contains(location, "v=TYPED") || strings.Contains(location, "filter=") {
		t.Fatalf("status %d to %s", a.Status, location)
	}
	b.Get(location).Shows(t, http.StatusOK, `value="TYPED"`, "Not applied yet")
	b.Get(reportPath+"?sort=payout&draft=1&draft_text=payout+%3E").Shows(t, http.StatusOK, ">payout &gt;</textarea>", "Not applied yet")
}
