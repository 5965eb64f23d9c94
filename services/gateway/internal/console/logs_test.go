package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

func TestPostbackLog(t *testing.T) {
	s, b := openSales(t, nil)
	b.get("/console/reports/postbacks?outcome=REJECTED&offer=10&code=a%22b&transaction=T&reason=EXPIRED&conversion=c1&page=t1").shows(t, http.StatusOK, "Unattributed", "21 Nov 2026, 00:30", "Show all", `data-label="&lt;script`)
	got := requestOf[*trackingv1.ListPostbacksRequest](t, s, "ListPostbacks")
	if want := `offer = "10" AND outcome = REJECTED AND coupon_code = "a\"b" AND transaction_id = "T" AND reason = "EXPIRED" AND conversion = "c1"`; got.GetFilter() != want || got.GetPageToken() != "t1" || got.GetOrderBy() != "create_time desc" {
		t.Errorf("asked for %v", got)
	}
	s.none = true
	b.get("/console/reports/postbacks").shows(t, http.StatusOK, "No postbacks yet", "To the offers")
	b.get("/console/reports/postbacks?outcome=REJECTED").shows(t, http.StatusOK, "No postback matches", "Show all postbacks")
}

func TestPostbackReplay(t *testing.T) {
	s, b := openSales(t, nil)
	a := b.get("/console/reports/postbacks/p1")
	if a.shows(t, http.StatusOK, "See what a replay would do", "coupon_code", "HTTP 202", `<dt>Offer</dt><dd><a href="/console/offers/10">`); s.wasAsked("ReplayPostback") {
		t.Error("looking at a postback replayed it")
	}
	b.get("/console/reports/postbacks/p1?replay=try").shows(t, http.StatusOK, "A replay now would come to", "Attributed", "Replay now")
	if got := requestOf[*trackingv1.ReplayPostbackRequest](t, s, "ReplayPostback"); !got.GetValidateOnly() || got.GetName() != "postbacks/p1" {
		t.Errorf("tried was %v", got)
	}
	b.post("/console/reports/postbacks/p1/replay").leadsTo(t, "/console/reports/postbacks/p1")
	if requestOf[*trackingv1.ReplayPostbackRequest](t, s, "ReplayPostback").GetValidateOnly() {
		t.Error("the replay was only tried")
	}
}

func TestPostbacksAreReplayedTogether(t *testing.T) {
	const path = "/console/reports/postbacks"
	s, b := openSales(t, nil)
	if a := b.get(path); strings.Contains(a.body, "Replay all of these") {
		t.Error("all postbacks can be replayed at once")
	}
	if b.get(path+"?reason=UNKNOWN_CODE").shows(t, http.StatusOK, "Replay all of these", "?reason=UNKNOWN_CODE&amp;replay=all#replay"); s.wasAsked("ReplayPostbacks") {
		t.Error("looking at postbacks replayed them")
	}
	b.get(path+"?reason=UNKNOWN_CODE&replay=all").shows(t, http.StatusOK, "A replay would change nothing", "3 postbacks were judged again. 1 stays as it is. 2 are still refused.")
	s.gains = true
	b.get(path+"?reason=UNKNOWN_CODE&offer=10&replay=all").shows(
		t, http.StatusOK, "Replay 1,234 postbacks?", "1 sale would be credited to a publisher. 1,100 sales that were refused would be recorded. 100 stay as they are. 33 are still refused.",
		">Replay 1,234<", `name="reason" value="UNKNOWN_CODE"`, `name="offer" value="10"`,
	)
	if got := requestOf[*trackingv1.ReplayPostbacksRequest](t, s, "ReplayPostbacks"); !got.GetValidateOnly() || got.GetFilter() != `offer = "10" AND reason = "UNKNOWN_CODE"` {
		t.Errorf("tried was %v", got)
	}
	b.post(path+"/replay", "reason", "UNKNOWN_CODE").leadsTo(t, path+"?reason=UNKNOWN_CODE")
	if got := requestOf[*trackingv1.ReplayPostbacksRequest](t, s, "ReplayPostbacks"); got.GetValidateOnly() || got.GetFilter() != `reason = "UNKNOWN_CODE"` {
		t.Errorf("replayed was %v", got)
	}
	b.get(path).shows(t, http.StatusOK, "1 sale is credited to a publisher. 1,100 sales that were refused are recorded.")
	s.forget()
	b.post(path+"/replay").shows(t, http.StatusBadRequest, "This would be all postbacks")
	if s.wasAsked("ReplayPostbacks") {
		t.Error("all postbacks were replayed")
	}
	s.fails("ReplayPostbacks", status.Error(codes.DeadlineExceeded, "too slow"))
	b.get(path+"?reason=UNKNOWN_CODE&replay=all").shows(t, http.StatusOK, "More postbacks match than a page can replay", "After 1,234 there were still more.")
	b.post(path+"/replay", "reason", "UNKNOWN_CODE").leadsTo(t, path+"?reason=UNKNOWN_CODE&replay=all#replay")
	b.get(path).shows(t, http.StatusOK, "There are more: replay again to go on.")
	s.fails("ReplayPostbacks", status.Error(codes.Unavailable, "not ready"))
	b.get(path+"?reason=UNKNOWN_CODE&replay=all").shows(t, http.StatusServiceUnavailable, "Try again")
}

func TestDeliveries(t *testing.T) {
	s, b := openSales(t, nil)
	a := b.get("/console/reports/deliveries?state=DEAD&publisher=22&conversion=c1")
	a.shows(t, http.StatusOK, "Given up", "Send all of these again")
	if got := requestOf[*trackingv1.ListDeliveriesRequest](t, s, "ListDeliveries"); got.GetFilter() != `state = DEAD AND publisher = "22" AND conversion = "c1"` {
		t.Errorf("asked for %v", got)
	}
	if strings.Contains(b.get("/console/reports/deliveries").body, "Send all of these again") {
		t.Error("all deliveries can be sent again at once")
	}
	b.get("/console/reports/deliveries?state=DEAD&replay=all").shows(t, http.StatusOK, "Send 1,234 deliveries again?", `name="state" value="DEAD"`)
	if got := requestOf[*trackingv1.ReplayDeliveriesRequest](t, s, "ReplayDeliveries"); !got.GetValidateOnly() || got.GetFilter() != "state = DEAD" {
		t.Errorf("tried was %v", got)
	}
	b.post("/console/reports/deliveries/replay", "state", "DEAD", "offer", "10").leadsTo(t, "/console/reports/deliveries?offer=10")
	if got := requestOf[*trackingv1.ReplayDeliveriesRequest](t, s, "ReplayDeliveries"); got.GetValidateOnly() || got.GetFilter() != `state = DEAD AND offer = "10"` {
		t.Errorf("replayed was %v", got)
	}
	s.forget()
	b.post("/console/reports/deliveries/replay").shows(t, http.StatusBadRequest, "This would be all deliveries")
	if s.wasAsked("ReplayDeliveries") {
		t.Error("all deliveries were sent again")
	}
	b.get("/console/reports/deliveries/d1").shows(t, http.StatusOK, "HTTP 500", "/console/reports/conversions/c1", "/console/publishers/22")
	b.post("/console/reports/deliveries/d1/replay").leadsTo(t, "/console/reports/deliveries/d1")
	if got := requestOf[*trackingv1.ReplayDeliveryRequest](t, s, "ReplayDelivery"); got.GetName() != "deliveries/d1" {
		t.Errorf("replayed was %v", got)
	}
	s.fails("ListDeliveries", status.Error(codes.Unavailable, "gone"))
	b.get("/console/reports/deliveries").shows(t, http.StatusServiceUnavailable, "Try again")
}

func TestLeakedCodes(t *testing.T) {
	s, b := openSales(t, nil)
	b.get("/console/reports/leaked-codes?recent=14&before=56&least=25&offer=10").shows(t, http.StatusOK, "+70 points", "90%", "20%", "coupon_code+%3D+"+url.QueryEscape(`"`))
	got := requestOf[*trackingv1.ListLeakedCodesRequest](t, s, "ListLeakedCodes")
	if got.GetRecentDays() != 14 || got.GetBaselineDays() != 56 || got.GetMinConversions() != 25 || got.GetOffer() != "offers/10" {
		t.Errorf("asked for %v", got)
	}
	b.get("/console/reports/leaked-codes?recent=x")
	if got := requestOf[*trackingv1.ListLeakedCodesRequest](t, s, "ListLeakedCodes"); got.GetRecentDays() != 7 || got.GetOffer() != "" {
		t.Errorf("asked for %v", got)
	}
	s.none = true
	b.get("/console/reports/leaked-codes").shows(t, http.StatusOK, "No code looks leaked", "To the Conversion Report")
}
