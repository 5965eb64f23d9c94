package console_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const salePath = "/console/reports/conversions/c1"

func TestConversionSaysWhy(t *testing.T) {
	s, b := openSales(t, nil)
	b.get(salePath).shows(
		t, http.StatusOK, "Conversion T-1", "Coupons considered", "It did not count: Click too old.", "Code first", "30 days", "Status: Pending → Approved",
		"Conflict: reported again", "Stored: $1,234.00", "21 Nov 2026, 00:30", "/console/reports/postbacks/p1", "/console/reports/deliveries?conversion=c1", `data-confirm="Note this refund?`,
		`<dt>Credited</dt><dd><a href="/console/publishers/22">`, `<dt>Offer</dt><dd><a href="/console/offers/10">`,
	)
	b.get("/console/reports/conversions/none").shows(t, http.StatusNotFound, "There is no conversion like that.")
	s.sale.Status, s.sale.Amount = trackingv1.Conversion_PENDING, nil
	s.sale.Decision.Rule = "CODE_FIRST: a code that means one coupon wins."
	a := b.get(salePath)
	if a.shows(t, http.StatusOK, "Rule: A code that means one coupon wins.", "<button>Approve</button>"); strings.Contains(a.body, "refund-form") {
		t.Error("a sale without an amount can be refunded")
	}
	s.sale.Outcome, s.sale.Publisher = trackingv1.Conversion_UNATTRIBUTED, ""
	if a := b.get(salePath); strings.Contains(a.body, "<button>Approve</button>") || !strings.Contains(a.body, "<dt>Credited</dt><dd>Nobody<") {
		t.Error("a sale of nobody's can be approved, or is somebody's")
	}
}

func TestConversionActions(t *testing.T) {
	s, b := openSales(t, nil)
	b.post(salePath+"/approve", "etag", "e7").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.ApproveConversionRequest](t, s, "ApproveConversion"); got.GetName() != "conversions/c1" || got.GetEtag() != "e7" {
		t.Errorf("approved was %v", got)
	}
	b.post(salePath+"/reject", "etag", "e7", "reject_reason", "returned").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.RejectConversionRequest](t, s, "RejectConversion"); got.GetReason() != "returned" || got.GetEtag() != "e7" {
		t.Errorf("rejected was %v", got)
	}
	b.get(salePath).shows(t, http.StatusOK, "Conversion rejected.", `action="/console/reports/conversions/c1/approve"`, "Undo")
	b.post(salePath+"/reassign", "etag", "e7", "reassign_coupon", "22.SALE", "reassign_reason", "hers").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.ReassignConversionRequest](t, s, "ReassignConversion"); got.GetCoupon() != "offers/10/coupons/22.SALE" || got.GetPublisher() != "" || got.GetReason() != "hers" || got.GetEtag() != "e7" {
		t.Errorf("reassigned was %v", got)
	}
	b.post(salePath+"/reassign", "reassign_publisher", "23").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.ReassignConversionRequest](t, s, "ReassignConversion"); got.GetPublisher() != "publishers/23" {
		t.Errorf("reassigned was %v", got)
	}
	b.post(salePath+"/adjust", "etag", "e7", "adjust_amount", "9.50", "adjust_currency", "eur", "adjust_reason", "less").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.AdjustConversionRequest](t, s, "AdjustConversion"); got.GetAmount().GetUnits() != 9 || got.GetAmount().GetNanos() != 500_000_000 || got.GetAmount().GetCurrencyCode() != "EUR" || got.GetReason() != "less" {
		t.Errorf("adjusted was %v", got)
	}
	b.post(salePath+"/refund", "etag", "e7", "refund_amount", "3", "refund_id", "R9").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.RefundConversionRequest](t, s, "RefundConversion"); got.GetAmount().GetUnits() != 3 || got.GetAmount().GetCurrencyCode() != "USD" || got.GetRefundId() != "R9" {
		t.Errorf("refunded was %v", got)
	}
	b.post(salePath+"/refund", "etag", "e7").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.RefundConversionRequest](t, s, "RefundConversion"); got.GetAmount() != nil {
		t.Errorf("a refund of all that is left was sent as %v", got)
	}
	b.post(salePath+"/resolve", "etag", "e7", "conflict", "1", "resolution", "ACCEPTED").leadsTo(t, salePath)
	if got := requestOf[*trackingv1.ResolveConflictRequest](t, s, "ResolveConflict"); got.GetConflict() != 1 || got.GetResolution() != trackingv1.ConversionConflict_ACCEPTED || got.GetEtag() != "e7" {
		t.Errorf("resolved was %v", got)
	}
	b.get("/console/pick/coupons/10?q=sa").shows(t, http.StatusOK, `data-value="22.SALE"`)
	if got := requestOf[*couponv1.ListCouponsRequest](t, s, "ListCoupons"); got.GetParent() != "offers/10" || got.GetFilter() != `code = "sa*" AND state != ARCHIVED` {
		t.Errorf("coupons were picked by %v", got)
	}
}

func TestConversionActionsRefused(t *testing.T) {
	s, b := openSales(t, nil)
	s.fails("RejectConversion", violation(t, "reason", "is missing"))
	b.post(salePath+"/reject", "reject_reason", hostile).shows(t, http.StatusUnprocessableEntity, `id="field-reject_reason-error">Is missing.`, `<details class="act" open>`, "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&amp;</textarea>")
	b.post(salePath+"/reassign").shows(t, http.StatusUnprocessableEntity, "Choose a coupon or a publisher.")
	b.post(salePath+"/reassign", "reassign_coupon", "a", "reassign_publisher", "b").shows(t, http.StatusUnprocessableEntity, "not both")
	b.post(salePath+"/adjust", "adjust_amount", "much").shows(t, http.StatusUnprocessableEntity, `id="field-adjust_amount-error"`, `value="much"`)
	b.post(salePath+"/refund", "refund_amount", "much").shows(t, http.StatusUnprocessableEntity, `id="field-refund_amount-error"`, `value="much"`)
	for _, method := range []string{"ReassignConversion", "AdjustConversion", "RefundConversion"} {
		if s.wasAsked(method) {
			t.Errorf("%s was called with what cannot be read", method)
		}
	}
	s.fails("AdjustConversion", status.Error(codes.Aborted, "etag"))
	b.post(salePath+"/adjust", "adjust_amount", "77", "etag", "e1").shows(t, http.StatusConflict, "Somebody else has changed this conversion", `value="77"`, `name="etag" value="e7"`)
	s.fails("ApproveConversion", status.Error(codes.FailedPrecondition, "its coupon has no use left"))
	b.post(salePath+"/approve").shows(t, http.StatusUnprocessableEntity, "Its coupon has no use left.")
	s.fails("RefundConversion", violation(t, "amount", "is too much"))
	b.post(salePath+"/refund", "refund_amount", "5").shows(t, http.StatusUnprocessableEntity, `id="field-refund_amount-error">Is too much.`)
}
