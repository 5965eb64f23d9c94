package conversions_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

const salePath = "/console/reports/conversions/c1"

func TestConversionSaysWhy(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Get(salePath).Shows(
		t, http.StatusOK, "Conversion T-1", "Coupons considered", "It did not count: Click too old.", "Code first", "30 days", "Status: Pending → Approved",
		"Conflict: reported again", "Stored: $1,234.00", "21 Nov 2026, 00:30", "/console/reports/postbacks/p1", "/console/reports/deliveries?conversion=c1", `data-confirm="Note this refund?`,
		`<dt>Credited</dt><dd><a href="/console/publishers/22">`, `<dt>Offer</dt><dd><a href="/console/offers/10">`,
	)
	b.Get("/console/reports/conversions/none").Shows(t, http.StatusNotFound, "There is no conversion like that.")
	s.Sale.Status, s.Sale.Amount = trackingv1.Conversion_PENDING, nil
	s.Sale.Decision.Rule = "CODE_FIRST: a code that means one coupon wins."
	a := b.Get(salePath)
	if a.Shows(t, http.StatusOK, "Rule: A code that means one coupon wins.", "<button>Approve</button>"); strings.Contains(a.Body, "refund-form") {
		t.Error("a sale without an amount can be refunded")
	}
	s.Sale.Outcome, s.Sale.Publisher = trackingv1.Conversion_UNATTRIBUTED, ""
	if a := b.Get(salePath); strings.Contains(a.Body, "<button>Approve</button>") || !strings.Contains(a.Body, "<dt>Credited</dt><dd>Nobody<") {
		t.Error("a sale of nobody's can be approved, or is somebody's")
	}
}

func TestConversionActions(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Post(salePath+"/approve", "etag", "e7").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.ApproveConversionRequest](t, s, "ApproveConversion"); got.GetName() != "conversions/c1" || got.GetEtag() != "e7" {
		t.Errorf("approved was %v", got)
	}
	b.Post(salePath+"/reject", "etag", "e7", "reject_reason", "returned").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.RejectConversionRequest](t, s, "RejectConversion"); got.GetReason() != "returned" || got.GetEtag() != "e7" {
		t.Errorf("rejected was %v", got)
	}
	b.Get(salePath).Shows(t, http.StatusOK, "Conversion rejected.", `action="/console/reports/conversions/c1/approve"`, "Undo")
	b.Post(salePath+"/reassign", "etag", "e7", "reassign_coupon", "22.SALE", "reassign_reason", "hers").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.ReassignConversionRequest](t, s, "ReassignConversion"); got.GetCoupon() != "offers/10/coupons/22.SALE" || got.GetPublisher() != "" || got.GetReason() != "hers" || got.GetEtag() != "e7" {
		t.Errorf("reassigned was %v", got)
	}
	b.Post(salePath+"/reassign", "reassign_publisher", "23").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.ReassignConversionRequest](t, s, "ReassignConversion"); got.GetPublisher() != "publishers/23" {
		t.Errorf("reassigned was %v", got)
	}
	b.Post(salePath+"/adjust", "etag", "e7", "adjust_amount", "9.50", "adjust_currency", "eur", "adjust_reason", "less").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.AdjustConversionRequest](t, s, "AdjustConversion"); got.GetAmount().GetUnits() != 9 || got.GetAmount().GetNanos() != 500_000_000 || got.GetAmount().GetCurrencyCode() != "EUR" || got.GetReason() != "less" {
		t.Errorf("adjusted was %v", got)
	}
	b.Post(salePath+"/refund", "etag", "e7", "refund_amount", "3", "refund_id", "R9").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.RefundConversionRequest](t, s, "RefundConversion"); got.GetAmount().GetUnits() != 3 || got.GetAmount().GetCurrencyCode() != "USD" || got.GetRefundId() != "R9" {
		t.Errorf("refunded was %v", got)
	}
	b.Post(salePath+"/refund", "etag", "e7").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.RefundConversionRequest](t, s, "RefundConversion"); got.GetAmount() != nil {
		t.Errorf("a refund of all that is left was sent as %v", got)
	}
	b.Post(salePath+"/resolve", "etag", "e7", "conflict", "1", "resolution", "ACCEPTED").LeadsTo(t, salePath)
	if got := consoletest.RequestOf[*trackingv1.ResolveConflictRequest](t, s, "ResolveConflict"); got.GetConflict() != 1 || got.GetResolution() != trackingv1.ConversionConflict_ACCEPTED || got.GetEtag() != "e7" {
		t.Errorf("resolved was %v", got)
	}
	b.Get("/console/pick/coupons/10?q=sa").Shows(t, http.StatusOK, `data-value="22.SALE"`)
	if got := consoletest.RequestOf[*couponv1.ListCouponsRequest](t, s, "ListCoupons"); got.GetParent() != "offers/10" || got.GetFilter() != `code = "sa*" AND state != ARCHIVED` {
		t.Errorf("coupons were picked by %v", got)
	}
}

func TestConversionActionsRefused(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	s.Fails("RejectConversion", consoletest.Violation(t, "reason", "is missing"))
	b.Post(salePath+"/reject", "reject_reason", consoletest.Hostile).Shows(t, http.StatusUnprocessableEntity, `id="field-reject_reason-error">Is missing.`, `<details class="act" open>`, "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&amp;</textarea>")
	b.Post(salePath+"/reassign").Shows(t, http.StatusUnprocessableEntity, "Choose a coupon or a publisher.")
	b.Post(salePath+"/reassign", "reassign_coupon", "a", "reassign_publisher", "b").Shows(t, http.StatusUnprocessableEntity, "not both")
	b.Post(salePath+"/adjust", "adjust_amount", "much").Shows(t, http.StatusUnprocessableEntity, `id="field-adjust_amount-error"`, `value="much"`)
	b.Post(salePath+"/refund", "refund_amount", "much").Shows(t, http.StatusUnprocessableEntity, `id="field-refund_amount-error"`, `value="much"`)
	for _, method := range []string{"ReassignConversion", "AdjustConversion", "RefundConversion"} {
		if s.WasAsked(method) {
			t.Errorf("%s was called with what cannot be read", method)
		}
	}
	s.Fails("AdjustConversion", status.Error(codes.Aborted, "etag"))
	b.Post(salePath+"/adjust", "adjust_amount", "77", "etag", "e1").Shows(t, http.StatusConflict, "Somebody else has changed this conversion", `value="77"`, `name="etag" value="e7"`)
	s.Fails("ApproveConversion", status.Error(codes.FailedPrecondition, "its coupon has no use left"))
	b.Post(salePath+"/approve").Shows(t, http.StatusUnprocessableEntity, "Its coupon has no use left.")
	s.Fails("RefundConversion", consoletest.Violation(t, "amount", "is too much"))
	b.Post(salePath+"/refund", "refund_amount", "5").Shows(t, http.StatusUnprocessableEntity, `id="field-refund_amount-error">Is too much.`)
}
