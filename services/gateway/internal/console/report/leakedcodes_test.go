package report_test

import (
	"net/http"
	"net/url"
	"testing"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestLeakedCodes(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Get("/console/reports/leaked-codes?recent=14&before=56&least=25&offer=10").Shows(t, http.StatusOK, "+70 points", "90%", "20%", "coupon_code+%3D+"+url.QueryEscape(`"`))
	got := consoletest.RequestOf[*trackingv1.ListLeakedCodesRequest](t, s, "ListLeakedCodes")
	if got.GetRecentDays() != 14 || got.GetBaselineDays() != 56 || got.GetMinConversions() != 25 || got.GetOffer() != "offers/10" {
		t.Errorf("asked for %v", got)
	}
	b.Get("/console/reports/leaked-codes?recent=x")
	if got := consoletest.RequestOf[*trackingv1.ListLeakedCodesRequest](t, s, "ListLeakedCodes"); got.GetRecentDays() != 7 || got.GetOffer() != "" {
		t.Errorf("asked for %v", got)
	}
	s.None = true
	b.Get("/console/reports/leaked-codes").Shows(t, http.StatusOK, "No code looks leaked", "To the Conversion Report")
}
