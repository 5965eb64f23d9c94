package consoletest

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// Desk stands for both services behind the Overview, the Scan Tool and a publisher's page. What is in
// silent, by the name of the call, is not available.
type Desk struct {
	Fake
	couponv1.UnimplementedCouponServiceServer
	trackingv1.UnimplementedReportServiceServer
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedDeliveryServiceServer
	trackingv1.UnimplementedScanServiceServer

	mu     sync.Mutex
	Silent map[string]bool
	calls  []proto.Message

	IsEmpty   bool
	Scanned   *trackingv1.ScanLinkResponse
	OfferScan *trackingv1.OfferScan
	Test      *trackingv1.TestDeliveryResponse
	Refusal   error
}

// note keeps a call for the test to look at, and says whether the call is answered.
func (d *Desk) note(name string, req proto.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, proto.Clone(req))
	if d.Silent[name] || d.Silent["all"] {
		return status.Error(codes.Unavailable, "secret address refused")
	}
	return d.Refusal
}

// Called returns the calls of a kind.
func Called[T proto.Message](d *Desk) []T {
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

func (d *Desk) SummarizeConversions(_ context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	resp := &trackingv1.SummarizeConversionsResponse{Totals: &trackingv1.Figures{}}
	if err := d.note("SummarizeConversions", req); err != nil || d.IsEmpty {
		return resp, err
	}
	resp.Totals = &trackingv1.Figures{Clicks: 12345, Conversions: 617, ConversionRate: proto.Float64(0.05), ShareWithoutClick: proto.Float64(0.25), Payouts: usd(9001)}
	row := &trackingv1.SummaryRow{Date: "2026-11-22", Offer: "offers/10", Publisher: "publishers/22", CouponCode: "SALEXYZ20", Figures: &trackingv1.Figures{Clicks: 40, Conversions: 7, Payouts: usd(70)}}
	resp.Rows = []*trackingv1.SummaryRow{{Date: "2026-11-01", Offer: "offers/10", Figures: &trackingv1.Figures{Conversions: 3}}, row}
	return resp, nil
}

func (d *Desk) ListLeakedCodes(_ context.Context, req *trackingv1.ListLeakedCodesRequest) (*trackingv1.ListLeakedCodesResponse, error) {
	resp := &trackingv1.ListLeakedCodesResponse{}
	if err := d.note("ListLeakedCodes", req); err != nil || d.IsEmpty {
		return resp, err
	}
	resp.LeakedCodes = []*trackingv1.LeakedCode{{Offer: "offers/10", CouponCode: "SALEXYZ20"}, {Offer: "offers/10", CouponCode: "SALEABC20"}}
	return resp, nil
}

func (d *Desk) ListConversions(_ context.Context, req *trackingv1.ListConversionsRequest) (*trackingv1.ListConversionsResponse, error) {
	resp := &trackingv1.ListConversionsResponse{}
	if err := d.note("ListConversions", req); err != nil || d.IsEmpty {
		return resp, err
	}
	resp.Conversions = []*trackingv1.Conversion{{Name: "conversions/1"}}
	return resp, nil
}

func (d *Desk) ReplayDeliveries(_ context.Context, req *trackingv1.ReplayDeliveriesRequest) (*trackingv1.ReplayDeliveriesResponse, error) {
	err := d.note("ReplayDeliveries", req)
	if d.IsEmpty {
		return &trackingv1.ReplayDeliveriesResponse{}, err
	}
	return &trackingv1.ReplayDeliveriesResponse{ReplayedCount: 4}, err
}

func (d *Desk) ListDeliveries(_ context.Context, req *trackingv1.ListDeliveriesRequest) (*trackingv1.ListDeliveriesResponse, error) {
	return &trackingv1.ListDeliveriesResponse{Deliveries: []*trackingv1.Delivery{
		{Name: "deliveries/d1", State: trackingv1.Delivery_DEAD, Status: trackingv1.Conversion_APPROVED, AttemptCount: 17, CreateTime: timestamppb.New(NewClock().Time)},
	}}, d.note("ListDeliveries", req)
}

func (d *Desk) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	resp := &couponv1.ListCouponsResponse{}
	if err := d.note("ListCoupons", req); err != nil || d.IsEmpty {
		return resp, err
	}
	resp.Coupons = []*couponv1.Coupon{{
		Name: "offers/10/coupons/22.SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22", Code: "SalexYZ20", State: couponv1.Coupon_ACTIVE,
		ExpireTime: timestamppb.New(NewClock().Time.Add(50 * time.Hour)), TrackingLink: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SalexYZ20",
	}}
	return resp, nil
}

// OpenDesk returns a browser that is logged in before a console before a desk. It is noon of 22 November.
func OpenDesk(t *testing.T, d *Desk) *Browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: Key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, d)
	couponv1.RegisterPublisherServiceServer(server, d)
	couponv1.RegisterCouponServiceServer(server, d)
	trackingv1.RegisterReportServiceServer(server, d)
	trackingv1.RegisterConversionServiceServer(server, d)
	trackingv1.RegisterDeliveryServiceServer(server, d)
	trackingv1.RegisterScanServiceServer(server, d)
	handler, err := console.New(console.Config{Coupon: server.Local(), Tracking: server.Local(), AdminKey: Key, Log: log, Now: NewClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	return Visit(t, handler).LogIn()
}

func (d *Desk) UpdatePublisher(_ context.Context, req *couponv1.UpdatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetValidateOnly() {
		return publisher(), d.Refusal
	}
	return publisher(), d.note("UpdatePublisher", req)
}

func (d *Desk) RotateDeliverySecret(_ context.Context, req *couponv1.RotateDeliverySecretRequest) (*couponv1.Publisher, error) {
	return publisher(), d.note("RotateDeliverySecret", req)
}

func (d *Desk) TestDelivery(_ context.Context, req *trackingv1.TestDeliveryRequest) (*trackingv1.TestDeliveryResponse, error) {
	return d.Test, d.note("TestDelivery", req)
}

func (d *Desk) ScanLink(_ context.Context, req *trackingv1.ScanLinkRequest) (*trackingv1.ScanLinkResponse, error) {
	return d.Scanned, d.note("ScanLink", req)
}

func (d *Desk) StreamScanLink(req *trackingv1.StreamScanLinkRequest, stream grpc.ServerStreamingServer[trackingv1.StreamScanLinkResponse]) error {
	if err := d.note("StreamScanLink", req); err != nil {
		return err
	}
	for _, hop := range d.Scanned.GetHops() {
		if err := stream.Send(&trackingv1.StreamScanLinkResponse{News: &trackingv1.StreamScanLinkResponse_Hop{Hop: hop}}); err != nil {
			return err
		}
	}
	return stream.Send(&trackingv1.StreamScanLinkResponse{News: &trackingv1.StreamScanLinkResponse_Scan{Scan: d.Scanned}})
}

func (d *Desk) CreateOfferScan(_ context.Context, req *trackingv1.CreateOfferScanRequest) (*trackingv1.OfferScan, error) {
	return d.OfferScan, d.note("CreateOfferScan", req)
}

func (d *Desk) GetOfferScan(_ context.Context, req *trackingv1.GetOfferScanRequest) (*trackingv1.OfferScan, error) {
	return d.OfferScan, d.note("GetOfferScan", req)
}

func (d *Desk) CancelOfferScan(_ context.Context, req *trackingv1.CancelOfferScanRequest) (*trackingv1.OfferScan, error) {
	return d.OfferScan, d.note("CancelOfferScan", req)
}

func (d *Desk) ListOfferScans(_ context.Context, req *trackingv1.ListOfferScansRequest) (*trackingv1.ListOfferScansResponse, error) {
	return &trackingv1.ListOfferScansResponse{OfferScans: []*trackingv1.OfferScan{d.OfferScan}}, d.note("ListOfferScans", req)
}

func (d *Desk) ListOfferScanResults(_ context.Context, req *trackingv1.ListOfferScanResultsRequest) (*trackingv1.ListOfferScanResultsResponse, error) {
	return &trackingv1.ListOfferScanResultsResponse{OfferScanResults: []*trackingv1.OfferScanResult{{
		Coupon: "offers/10/coupons/22.SALEXYZ20", TrackingLink: "https://go.example.com/click?offer_id=10&coupon_code=SALEXYZ20",
		Problems: []*trackingv1.ScanProblem{{Severity: trackingv1.ScanProblem_ERROR, Reason: "NO_ANSWER", Message: Hostile, Mend: "Mend it."}}, FinalUrl: "https://shop.example.com/x", HopCount: 3,
	}}}, d.note("ListOfferScanResults", req)
}
