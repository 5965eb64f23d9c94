package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func salesPages() []string {
	return []string{
		"/console/reports/conversions", "/console/reports/conversions?totals=1&edit=columns&columns=name,status,pub_unique3,conflicted", "/console/reports/conversions?group=day,offer",
		"/console/reports/conversions?group=publisher&range=all_time", "/console/reports/conversions?saved=r1", "/console/reports/conversions/c1",
		"/console/reports/conversions?filter=publisher+%3D+%2222%22+AND+conversion_time+%3E%3D+%222026-10-31T23:00:00Z%22", "/console/reports/postbacks", "/console/reports/postbacks/p1?replay=try", "/console/reports/postbacks?reason=EXPIRED&replay=all",
		"/console/reports/deliveries", "/console/reports/deliveries?state=DEAD&replay=all", "/console/reports/deliveries/d1", "/console/reports/leaked-codes",
	}
}

func TestSalesPagesShowHostileTextsAsText(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	for _, none := range []bool{false, true} {
		s.None = none
		for _, path := range salesPages() {
			a := b.Get(path)
			a.Shows(t, http.StatusOK, "</html>")
			if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, `alert("x")`) {
				t.Errorf("%s shows a hostile text as it is:\n%s", path, a.Body)
			}
			if found := consoletest.Inline.FindString(a.Body); found != "" {
				t.Errorf("%s has %q inline", path, found)
			}
		}
	}
}

func TestSalesPagesNeedASessionAndOurOrigin(t *testing.T) {
	_, b := consoletest.OpenSales(t, nil)
	posts := []string{
		"conversions/c1/approve", "conversions/c1/reject", "conversions/c1/reassign", "conversions/c1/adjust", "conversions/c1/refund", "conversions/c1/resolve",
		"saved", "saved/r1", "saved/r1/delete", "saved/r1/restore", "postbacks/p1/replay", "deliveries/replay", "deliveries/d1/replay",
	}
	for _, path := range posts {
		if a := b.Do(http.MethodPost, "/console/reports/"+path, map[string][]string{"reject_reason": {"x"}}, "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusForbidden {
			t.Errorf("POST %s from another site: status %d", path, a.Status)
		}
	}
	b.Post("/console/logout")
	for _, path := range salesPages() {
		if a := b.Get(path); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/console/login") {
			t.Errorf("%s without a session: status %d to %q", path, a.Status, a.Header.Get("Location"))
		}
	}
}
