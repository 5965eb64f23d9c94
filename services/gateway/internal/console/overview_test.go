package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// desk stands for both services behind the Overview, the Scan Tool and a publisher's page. What is in
// silent, by the name of the call, is not available.
type desk struct {
	fake
	couponv1.UnimplementedCouponServiceServer
	trackingv1.UnimplementedReportServiceServer
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedDeliveryServiceServer
	trackingv1.UnimplementedScanServiceServer

	mu     sync.Mutex
	silent map[string]bool
	calls  []proto.Message

	isEmpty   bool
	scanned   *trackingv1.ScanLinkResponse
	offerScan *trackingv1.OfferScan
	test      *trackingv1.TestDeliveryResponse
	refusal   error
}

// note keeps a call for the test to look at, and says whether the call is answered.
func (d *desk) note(name string, req proto.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, proto.Clone(req))
	if d.silent[name] || d.silent["all"] {
		return status.Error(codes.Unavailable, "secret address refused")
	}
	return d.refusal
}

// called returns the calls of a kind.
func called[T proto.Message](d *desk) []T {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []T
	for _, call := range d.calls {
		if one, ok := call.(T); ok {
			found = append(found, one)
		}
	}
	return found
}

func usd(units int64) []*couponv1.Money {
	return []*couponv1.Money{{CurrencyCode: "USD", Units: units}}
}

func (d *desk) SummarizeConversions(_ context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	resp := &trackingv1.SummarizeConversionsResponse{Totals: &trackingv1.Figures{}}
	if err := d.note("SummarizeConversions", req); err != nil || d.isEmpty {
		return resp, err
	}
	resp.Totals = &trackingv1.Figures{Clicks: 12345, Conversions: 617, ConversionRate: proto.Float64(0.05), ShareWithoutClick: proto.Float64(0.25), Payouts: usd(9001)}
	row := &trackingv1.SummaryRow{Date: "2026-11-22", Offer: "offers/10", Publisher: "publishers/22", CouponCode: "SALEXYZ20", Figures: &trackingv1.Figures{Clicks: 40, Conversions: 7, Payouts: usd(70)}}
	resp.Rows = []*trackingv1.SummaryRow{{Date: "2026-11-01", Offer: "offers/10", Figures: &trackingv1.Figures{Conversions: 3}}, row}
	return resp, nil
}

func (d *desk) ListLeakedCodes(_ context.Context, req *trackingv1.ListLeakedCodesRequest) (*trackingv1.ListLeakedCodesResponse, error) {
	resp := &trackingv1.ListLeakedCodesResponse{}
	if err := d.note("ListLeakedCodes", req); err != nil || d.isEmpty {
		return resp, err
	}
	resp.LeakedCodes = []*trackingv1.LeakedCode{{Offer: "offers/10", CouponCode: "SALEXYZ20"}, {Offer: "offers/10", CouponCode: "SALEABC20"}}
	return resp, nil
}

func (d *desk) ListConversions(_ context.Context, req *trackingv1.ListConversionsRequest) (*trackingv1.ListConversionsResponse, error) {
	resp := &trackingv1.ListConversionsResponse{}
	if err := d.note("ListConversions", req); err != nil || d.isEmpty {
		return resp, err
	}
	resp.Conversions = []*trackingv1.Conversion{{Name: "conversions/1"}}
	return resp, nil
}

func (d *desk) ReplayDeliveries(_ context.Context, req *trackingv1.ReplayDeliveriesRequest) (*trackingv1.ReplayDeliveriesResponse, error) {
	err := d.note("ReplayDeliveries", req)
	if d.isEmpty {
		return &trackingv1.ReplayDeliveriesResponse{}, err
	}
	return &trackingv1.ReplayDeliveriesResponse{ReplayedCount: 4}, err
}

func (d *desk) ListDeliveries(_ context.Context, req *trackingv1.ListDeliveriesRequest) (*trackingv1.ListDeliveriesResponse, error) {
	return &trackingv1.ListDeliveriesResponse{Deliveries: []*trackingv1.Delivery{
		{Name: "deliveries/d1", State: trackingv1.Delivery_DEAD, Status: trackingv1.Conversion_APPROVED, AttemptCount: 17, CreateTime: timestamppb.New(newClock().now)},
	}}, d.note("ListDeliveries", req)
}

func (d *desk) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	resp := &couponv1.ListCouponsResponse{}
	if err := d.note("ListCoupons", req); err != nil || d.isEmpty {
		return resp, err
	}
	resp.Coupons = []*couponv1.Coupon{{
		Name: "offers/10/coupons/22.SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22", Code: "SalexYZ20", State: couponv1.Coupon_ACTIVE,
		ExpireTime: timestamppb.New(newClock().now.Add(50 * time.Hour)), TrackingLink: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SalexYZ20",
	}}
	return resp, nil
}

// openDesk returns a browser that is logged in before a console before a desk. It is noon of 22 November.
func openDesk(t *testing.T, d *desk) *browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, d)
	couponv1.RegisterPublisherServiceServer(server, d)
	couponv1.RegisterCouponServiceServer(server, d)
	trackingv1.RegisterReportServiceServer(server, d)
	trackingv1.RegisterConversionServiceServer(server, d)
	trackingv1.RegisterDeliveryServiceServer(server, d)
	trackingv1.RegisterScanServiceServer(server, d)
	handler, err := console.New(console.Config{Coupon: server.Local(), Tracking: server.Local(), AdminKey: key, Log: log, Now: newClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, handler).logIn()
}

// expect fails unless an answer is fine, harmless, and has all of some texts and none of others.
func expect(t *testing.T, a answer, texts, without []string) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Errorf("status %d", a.status)
	}
	if strings.Contains(a.body, `alert("x")`) || inline.MatchString(a.body) || strings.Contains(a.body, "secret address") {
		t.Error("the page has what it must not have")
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	for _, text := range without {
		if strings.Contains(a.body, text) {
			t.Errorf("the page has %q", text)
		}
	}
	if _, content, _ := strings.Cut(a.body, "<main"); t.Failed() {
		t.Log(content)
	}
}

func TestOverview(t *testing.T) {
	d := &desk{fake: fake{offers: 1}}
	expect(t, openDesk(t, d).get("/console/"), []string{
		"24 Oct 2026 to 22 Nov 2026", "12,345", "617", "5%", "$9,001.00", "25%", // the tiles
		`<span>Today</span> 7`, `data-day="2026-10-24"`, `data-day="2026-11-22"`, `data-value="40"`,
		`<a href="/console/publishers/22">&lt;script&gt;`, "SALEXYZ20",
		"deliveries were given up", "conflict waits", "codes may have leaked", "coupon expires within 7 days", "SalexYZ20 is the next, on 24 Nov 2026",
		"sales are unattributed",
	}, []string{"Not available now", "five steps"})
	for _, req := range called[*trackingv1.ReplayDeliveriesRequest](d) {
		if !req.GetValidateOnly() || req.GetFilter() != "state = DEAD" {
			t.Errorf("the Overview replays: %v", req)
		}
	}
	for _, req := range called[*trackingv1.SummarizeConversionsRequest](d) {
		if req.GetStartDate() != "2026-10-24" || req.GetEndDate() != "2026-11-22" {
			t.Errorf("asked for other days: %v", req)
		}
	}
	if reqs := called[*couponv1.ListCouponsRequest](d); len(reqs) != 1 || !strings.HasSuffix(reqs[0].GetFilter(), `expire_time < "2026-11-29T12:00:00Z"`) {
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
			d := &desk{silent: map[string]bool{silent: true}}
			expect(t, openDesk(t, d).get("/console/"), c.has, c.lacks)
		})
	}
}

func TestOverviewLeadsThroughNewInstallation(t *testing.T) {
	expect(t, openDesk(t, &desk{isEmpty: true}).get("/console/"),
		[]string{"Your first sale in five steps", `href="/console/offers/new">&#43; Create Offer`, "Fire a postback"}, []string{"Needs attention", `class="tiles"`, "Scan SalexYZ20"})
	// With an offer, the publisher is next. The fake has one publisher always, so a coupon is.
	expect(t, openDesk(t, &desk{isEmpty: true, fake: fake{offers: 1}}).get("/console/"), []string{"(done)"}, []string{"&#43; Create Offer"})
}
