package overview_test

import (
	"strings"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestOverview(t *testing.T) {
	d := &consoletest.Desk{Fake: consoletest.Fake{Offers: 1}}
	consoletest.Expect(t, consoletest.OpenDesk(t, d).Get("/console/"), []string{
		"24 Oct 2026 to 22 Nov 2026", "12,345", "617", "5%", "$9,001.00", "25%", // the tiles
		`<span>Today</span> 7`, `data-day="2026-10-24"`, `data-day="2026-11-22"`, `data-value="40"`,
		`<a href="/console/publishers/22">&lt;script&gt;`, "SALEXYZ20",
		"deliveries were given up", "conflict waits", "codes may have leaked", "coupon expires within 7 days", "SalexYZ20 is the next, on 24 Nov 2026",
		"sales are unattributed",
	}, []string{"Not available now", "five steps"})
	for _, req := range consoletest.Called[*trackingv1.ReplayDeliveriesRequest](d) {
		if !req.GetValidateOnly() || req.GetFilter() != "state = DEAD" {
			t.Errorf("the Overview replays: %v", req)
		}
	}
	for _, req := range consoletest.Called[*trackingv1.SummarizeConversionsRequest](d) {
		if req.GetStartDate() != "2026-10-24" || req.GetEndDate() != "2026-11-22" {
			t.Errorf("asked for other days: %v", req)
		}
	}
	if reqs := consoletest.Called[*couponv1.ListCouponsRequest](d); len(reqs) != 1 || !strings.HasSuffix(reqs[0].GetFilter(), `expire_time < "2026-11-29T12:00:00Z"`) {
		t.Errorf("asked for coupons by %v", reqs)
	}
}

func TestOverviewSurvivesSilence(t *testing.T) {
	for silent, c := range map[string]struct{ has, lacks []string }{
		"SummarizeConversions": {[]string{"Not available now. Reload", "unattributed sales.", "conflict waits"}, []string{"12,345", "five steps"}},
		"ListCoupons":          {[]string{"Not available now: expiring coupons.", "12,345"}, []string{"coupon expires"}},
		"ReplayDeliveries":     {[]string{"Not available now: deliveries.", "12,345"}, []string{"given up"}},
		"all":                  {[]string{"Not available now: deliveries, conflicts, unattributed sales, leaked codes, expiring coupons."}, []string{"All is well", "12,345"}},
	} {
		t.Run(silent, func(t *testing.T) {
			d := &consoletest.Desk{Silent: map[string]bool{silent: true}}
			consoletest.Expect(t, consoletest.OpenDesk(t, d).Get("/console/"), c.has, c.lacks)
		})
	}
}

func TestOverviewLeadsThroughNewInstallation(t *testing.T) {
	consoletest.Expect(t, consoletest.OpenDesk(t, &consoletest.Desk{IsEmpty: true}).Get("/console/"),
		[]string{"Your first sale in five steps", `href="/console/offers/new">&#43; Create Offer`, "Fire a postback"}, []string{"Needs attention", `class="tiles"`, "Scan SalexYZ20"})
	// With an offer, the publisher is next. The fake has one publisher always, so a coupon is.
	consoletest.Expect(t, consoletest.OpenDesk(t, &consoletest.Desk{IsEmpty: true, Fake: consoletest.Fake{Offers: 1}}).Get("/console/"), []string{"(done)"}, []string{"&#43; Create Offer"})
}
