package logs_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestPostbackLog(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Get("/console/reports/postbacks?outcome=REJECTED&offer=10&code=a%22b&transaction=T&reason=EXPIRED&conversion=c1&page=t1").Shows(t, http.StatusOK, "Unattributed", "21 Nov 2026, 00:30", "Show all", `data-label="&lt;script`)
	got := consoletest.RequestOf[*trackingv1.ListPostbacksRequest](t, s, "ListPostbacks")
	if want := `offer = "10" AND outcome = REJECTED AND coupon_code = "a\"b" AND transaction_id = "T" AND reason = "EXPIRED" AND conversion = "c1"`; got.GetFilter() != want || got.GetPageToken() != "t1" || got.GetOrderBy() != "create_time desc" {
		t.Errorf("asked for %v", got)
	}
	s.None = true
	b.Get("/console/reports/postbacks").Shows(t, http.StatusOK, "No postbacks yet", "To the offers")
	b.Get("/console/reports/postbacks?outcome=REJECTED").Shows(t, http.StatusOK, "No postback matches", "Show all postbacks")
}

func TestPostbackReplay(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	a := b.Get("/console/reports/postbacks/p1")
	if a.Shows(t, http.StatusOK, "See what a replay would do", "coupon_code", "HTTP 202", `<dt>Offer</dt><dd><a href="/console/offers/10">`); s.WasAsked("ReplayPostback") {
		t.Error("looking at a postback replayed it")
	}
	b.Get("/console/reports/postbacks/p1?replay=try").Shows(t, http.StatusOK, "Result of a replay now", "Attributed", "Replay now")
	if got := consoletest.RequestOf[*trackingv1.ReplayPostbackRequest](t, s, "ReplayPostback"); !got.GetValidateOnly() || got.GetName() != "postbacks/p1" {
		t.Errorf("tried was %v", got)
	}
	b.Post("/console/reports/postbacks/p1/replay").LeadsTo(t, "/console/reports/postbacks/p1")
	if consoletest.RequestOf[*trackingv1.ReplayPostbackRequest](t, s, "ReplayPostback").GetValidateOnly() {
		t.Error("the replay was only tried")
	}
}

func TestPostbacksAreReplayedTogether(t *testing.T) {
	const path = "/console/reports/postbacks"
	s, b := consoletest.OpenSales(t, nil)
	if a := b.Get(path); strings.Contains(a.Body, "Replay all of these") {
		t.Error("all postbacks can be replayed at once")
	}
	if b.Get(path+"?reason=UNKNOWN_CODE").Shows(t, http.StatusOK, "Replay all of these", "?reason=UNKNOWN_CODE&amp;replay=all#replay"); s.WasAsked("ReplayPostbacks") {
		t.Error("looking at postbacks replayed them")
	}
	b.Get(path+"?reason=UNKNOWN_CODE&replay=all").Shows(t, http.StatusOK, "A replay would change nothing", "3 postbacks were processed again. 1 stays as it is. 2 are still refused.")
	s.Gains = true
	b.Get(path+"?reason=UNKNOWN_CODE&offer=10&replay=all").Shows(
		t, http.StatusOK, "Replay 1,234 postbacks?", "1 sale would be credited to a publisher. 1,100 sales that were refused would be recorded. 100 stay as they are. 33 are still refused.",
		">Replay 1,234<", `name="reason" value="UNKNOWN_CODE"`, `name="offer" value="10"`,
	)
	if got := consoletest.RequestOf[*trackingv1.ReplayPostbacksRequest](t, s, "ReplayPostbacks"); !got.GetValidateOnly() || got.GetFilter() != `offer = "10" AND reason = "UNKNOWN_CODE"` {
		t.Errorf("tried was %v", got)
	}
	b.Post(path+"/replay", "reason", "UNKNOWN_CODE").LeadsTo(t, path+"?reason=UNKNOWN_CODE")
	if got := consoletest.RequestOf[*trackingv1.ReplayPostbacksRequest](t, s, "ReplayPostbacks"); got.GetValidateOnly() || got.GetFilter() != `reason = "UNKNOWN_CODE"` {
		t.Errorf("replayed was %v", got)
	}
	b.Get(path).Shows(t, http.StatusOK, "1 sale is credited to a publisher. 1,100 sales that were refused are recorded.")
	s.Forget()
	b.Post(path+"/replay").Shows(t, http.StatusBadRequest, "This would be all postbacks")
	if s.WasAsked("ReplayPostbacks") {
		t.Error("all postbacks were replayed")
	}
	s.Fails("ReplayPostbacks", status.Error(codes.DeadlineExceeded, "too slow"))
	b.Get(path+"?reason=UNKNOWN_CODE&replay=all").Shows(t, http.StatusOK, "More postbacks match than a page can replay", "After 1,234 there were still more.")
	b.Post(path+"/replay", "reason", "UNKNOWN_CODE").LeadsTo(t, path+"?reason=UNKNOWN_CODE&replay=all#replay")
	b.Get(path).Shows(t, http.StatusOK, "There are more: replay again to continue.")
	s.Fails("ReplayPostbacks", status.Error(codes.Unavailable, "not ready"))
	b.Get(path+"?reason=UNKNOWN_CODE&replay=all").Shows(t, http.StatusServiceUnavailable, "Try again")
}

func TestDeliveries(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	a := b.Get("/console/reports/deliveries?state=DEAD&publisher=22&conversion=c1")
	a.Shows(t, http.StatusOK, "Given up", "Send all of these again", "Refunded, approved")
	if got := consoletest.RequestOf[*trackingv1.ListDeliveriesRequest](t, s, "ListDeliveries"); got.GetFilter() != `state = DEAD AND publisher = "22" AND conversion = "c1"` {
		t.Errorf("asked for %v", got)
	}
	if strings.Contains(b.Get("/console/reports/deliveries").Body, "Send all of these again") {
		t.Error("all deliveries can be sent again at once")
	}
	b.Get("/console/reports/deliveries?state=DEAD&replay=all").Shows(t, http.StatusOK, "Send 1,234 deliveries again?", `name="state" value="DEAD"`)
	if got := consoletest.RequestOf[*trackingv1.ReplayDeliveriesRequest](t, s, "ReplayDeliveries"); !got.GetValidateOnly() || got.GetFilter() != "state = DEAD" {
		t.Errorf("tried was %v", got)
	}
	b.Post("/console/reports/deliveries/replay", "state", "DEAD", "offer", "10").LeadsTo(t, "/console/reports/deliveries?offer=10")
	if got := consoletest.RequestOf[*trackingv1.ReplayDeliveriesRequest](t, s, "ReplayDeliveries"); got.GetValidateOnly() || got.GetFilter() != `state = DEAD AND offer = "10"` {
		t.Errorf("replayed was %v", got)
	}
	s.Forget()
	b.Post("/console/reports/deliveries/replay").Shows(t, http.StatusBadRequest, "This would be all deliveries")
	if s.WasAsked("ReplayDeliveries") {
		t.Error("all deliveries were sent again")
	}
	b.Get("/console/reports/deliveries/d1").Shows(t, http.StatusOK, "HTTP 500", "Refunded, approved", "conversion.refunded", "Sequence", "/console/reports/conversions/c1", "/console/publishers/22")
	b.Post("/console/reports/deliveries/d1/replay").LeadsTo(t, "/console/reports/deliveries/d1")
	if got := consoletest.RequestOf[*trackingv1.ReplayDeliveryRequest](t, s, "ReplayDelivery"); got.GetName() != "deliveries/d1" {
		t.Errorf("replayed was %v", got)
	}
	s.Fails("ListDeliveries", status.Error(codes.Unavailable, "gone"))
	b.Get("/console/reports/deliveries").Shows(t, http.StatusServiceUnavailable, "Try again")
}
