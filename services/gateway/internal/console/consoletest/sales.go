package consoletest

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// sales stands for the tracking service: one conversion, postback, delivery and saved report with hostile
// texts. What each method was asked last is kept by its name.
type sales struct {
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedReportServiceServer
	trackingv1.UnimplementedSavedReportServiceServer
	trackingv1.UnimplementedPostbackServiceServer
	trackingv1.UnimplementedDeliveryServiceServer
	couponv1.UnimplementedCouponServiceServer

	// mu is for what calls at once tell and are told.
	mu    sync.Mutex
	asked map[string]proto.Message
	Lists []*trackingv1.ListConversionsRequest
	// errs are errors by method.
	errs map[string]error
	Sale *trackingv1.Conversion
	// None says that lists are empty.
	None      bool
	NextToken string
	// Groups is how many groups there are; 0: as many as rows.
	Groups int32
	// Gains says that a replay of postbacks changes something.
	Gains bool
	// Rows are the groups; nil: one with hostile texts.
	Rows []*trackingv1.SummaryRow
	// Saved is the saved report.
	Saved *trackingv1.SavedReport
}

// Told notes a request and returns the method's error.
func (s *sales) Told(method string, req proto.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[method] = proto.Clone(req)
	return s.errs[method]
}

// Fails makes a method fail from now on; nil: no more.
func (s *sales) Fails(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs[method] = err
}

// Forget forgets what was asked.
func (s *sales) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = map[string]proto.Message{}
}

// WasAsked says whether a method was called.
func (s *sales) WasAsked(method string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method] != nil
}

// RequestOf returns the last request of a method.
func RequestOf[T proto.Message](t *testing.T, s *sales, method string) T {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	req, ok := s.asked[method].(T)
	if !ok {
		t.Fatalf("%s was not called; called were %v", method, s.asked)
	}
	return req
}

func dollars(units int64) *couponv1.Money { return &couponv1.Money{CurrencyCode: "USD", Units: units} }

var saleTime = time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC)

func aSale() *trackingv1.Conversion {
	return &trackingv1.Conversion{
		Name: "conversions/c1", Offer: "offers/10", Publisher: "publishers/22", Coupon: "offers/10/coupons/22.SALE", CouponCode: Hostile, Click: Hostile,
		TransactionId: "T-1", Event: "sale", Amount: dollars(1234), Payout: dollars(12), Status: trackingv1.Conversion_APPROVED, Outcome: trackingv1.Conversion_ATTRIBUTED,
		Method: trackingv1.Conversion_COUPON_CODE, Explanation: Hostile, PubUnique3: Hostile, ConversionTime: timestamppb.New(saleTime), CreateTime: timestamppb.New(saleTime),
		UpdateTime: timestamppb.New(saleTime), Etag: "e7", StatusReason: Hostile, Postback: "postbacks/p1",
		Decision: &trackingv1.Decision{
			Rule: Hostile, Precedence: "CODE_FIRST", ClickWindow: durationpb.New(30 * 24 * time.Hour),
			Coupons: []*trackingv1.ConsideredCoupon{{Coupon: "offers/10/coupons/22.SALE", Publisher: "publishers/22", StartTime: timestamppb.New(saleTime)}},
			Click:   &trackingv1.ConsideredClick{Click: Hostile, Publisher: "publishers/22", ClickTime: timestamppb.New(saleTime), Reason: trackingv1.Conversion_CLICK_TOO_OLD},
		},
		Changes: []*trackingv1.ConversionChange{{
			Number: 1, Kind: trackingv1.ConversionChange_APPROVE, ChangeTime: timestamppb.New(saleTime), Actor: Hostile, Reason: Hostile,
			From: &trackingv1.ConversionState{Status: trackingv1.Conversion_PENDING}, To: &trackingv1.ConversionState{Status: trackingv1.Conversion_APPROVED},
		}},
		Conflicted: true,
		Conflicts:  []*trackingv1.ConversionConflict{{Number: 1, CreateTime: timestamppb.New(saleTime), Count: 2, Amount: dollars(99), CouponCode: Hostile}},
	}
}

func (s *sales) GetConversion(_ context.Context, req *trackingv1.GetConversionRequest) (*trackingv1.Conversion, error) {
	if req.GetName() != "conversions/c1" {
		return nil, status.Error(codes.NotFound, "there is no conversion like that")
	}
	return s.Sale, s.Told("GetConversion", req)
}

func (s *sales) ListConversions(_ context.Context, req *trackingv1.ListConversionsRequest) (*trackingv1.ListConversionsResponse, error) {
	s.Lists = append(s.Lists, proto.CloneOf(req))
	if err := s.Told("ListConversions", req); err != nil {
		return nil, err
	}
	resp := &trackingv1.ListConversionsResponse{NextPageToken: s.NextToken}
	if !s.None {
		resp.Conversions = []*trackingv1.Conversion{s.Sale}
	}
	if req.GetIncludeTotals() {
		resp.Totals = SomeFigures()
	}
	return resp, nil
}

// SomeFigures are figures of a group.
func SomeFigures() *trackingv1.Figures {
	return &trackingv1.Figures{Clicks: 200, Conversions: 4321, ConversionsWithoutClick: 21, ConversionRate: proto.Float64(0.215), Amounts: []*couponv1.Money{dollars(7), {CurrencyCode: "EUR", Units: 8}}, Discounts: []*couponv1.Money{{CurrencyCode: "EUR", Units: 9}}}
}

func (s *sales) ApproveConversion(_ context.Context, req *trackingv1.ApproveConversionRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("ApproveConversion", req)
}

func (s *sales) RejectConversion(_ context.Context, req *trackingv1.RejectConversionRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("RejectConversion", req)
}

func (s *sales) ReassignConversion(_ context.Context, req *trackingv1.ReassignConversionRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("ReassignConversion", req)
}

func (s *sales) AdjustConversion(_ context.Context, req *trackingv1.AdjustConversionRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("AdjustConversion", req)
}

func (s *sales) RefundConversion(_ context.Context, req *trackingv1.RefundConversionRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("RefundConversion", req)
}

func (s *sales) ResolveConflict(_ context.Context, req *trackingv1.ResolveConflictRequest) (*trackingv1.Conversion, error) {
	return s.Sale, s.Told("ResolveConflict", req)
}

func (s *sales) SummarizeConversions(_ context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	if err := s.Told("SummarizeConversions "+req.GetGroupBy()[0].String(), req); err != nil {
		return nil, err
	}
	rows := s.Rows
	if rows == nil {
		rows = []*trackingv1.SummaryRow{{Date: "2026-11-21", Offer: "offers/10", Publisher: "publishers/22", CouponCode: Hostile, Status: trackingv1.Conversion_APPROVED, Figures: SomeFigures()}}
	}
	return &trackingv1.SummarizeConversionsResponse{RowCount: max(int32(len(rows)), s.Groups), Totals: SomeFigures(), Rows: rows}, nil //nolint:gosec // a handful
}

func (s *sales) ListLeakedCodes(_ context.Context, req *trackingv1.ListLeakedCodesRequest) (*trackingv1.ListLeakedCodesResponse, error) {
	resp := &trackingv1.ListLeakedCodesResponse{}
	if !s.None {
		resp.LeakedCodes = []*trackingv1.LeakedCode{{
			Offer: "offers/10", Publisher: "publishers/22", CouponCode: Hostile, RecentConversions: 40, RecentShareWithoutClick: 0.9, BaselineConversions: 50, BaselineShareWithoutClick: 0.2,
		}}
	}
	return resp, s.Told("ListLeakedCodes", req)
}

func aReport() *trackingv1.SavedReport {
	return &trackingv1.SavedReport{
		Name: "savedReports/r1", DisplayName: Hostile, Columns: []string{"pub_unique3", "payout"}, Filter: `pub_unique3 = "SALE"`, OrderBy: "pub_unique3",
		Range: trackingv1.SavedReport_LAST_7_DAYS, Etag: "e3",
	}
}

func (s *sales) GetSavedReport(_ context.Context, req *trackingv1.GetSavedReportRequest) (*trackingv1.SavedReport, error) {
	return s.Saved, s.Told("GetSavedReport", req)
}

func (s *sales) ListSavedReports(_ context.Context, req *trackingv1.ListSavedReportsRequest) (*trackingv1.ListSavedReportsResponse, error) {
	return &trackingv1.ListSavedReportsResponse{SavedReports: []*trackingv1.SavedReport{aReport()}}, s.Told("ListSavedReports", req)
}

func (s *sales) CreateSavedReport(_ context.Context, req *trackingv1.CreateSavedReportRequest) (*trackingv1.SavedReport, error) {
	return aReport(), s.Told("CreateSavedReport", req)
}

func (s *sales) UpdateSavedReport(_ context.Context, req *trackingv1.UpdateSavedReportRequest) (*trackingv1.SavedReport, error) {
	return aReport(), s.Told("UpdateSavedReport", req)
}

func (s *sales) DeleteSavedReport(_ context.Context, req *trackingv1.DeleteSavedReportRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.Told("DeleteSavedReport", req)
}

func aPostback() *trackingv1.Postback {
	return &trackingv1.Postback{
		Name: "postbacks/p1", Offer: "offers/10", Conversion: "conversions/c1", Outcome: trackingv1.Postback_UNATTRIBUTED, Reason: "UNKNOWN_CODE", Message: Hostile, HttpStatus: 202,
		Method: "GET", Parameters: "coupon_code=%3Cscript%3Ealert(%22x%22)%3C%2Fscript%3E&token=***", CouponCode: Hostile, TransactionId: Hostile, Ip: "192.0.2.1", CreateTime: timestamppb.New(saleTime),
	}
}

func (s *sales) GetPostback(_ context.Context, req *trackingv1.GetPostbackRequest) (*trackingv1.Postback, error) {
	return aPostback(), s.Told("GetPostback", req)
}

func (s *sales) ListPostbacks(_ context.Context, req *trackingv1.ListPostbacksRequest) (*trackingv1.ListPostbacksResponse, error) {
	resp := &trackingv1.ListPostbacksResponse{}
	if !s.None {
		resp.Postbacks = []*trackingv1.Postback{aPostback()}
	}
	return resp, s.Told("ListPostbacks", req)
}

func (s *sales) ReplayPostback(_ context.Context, req *trackingv1.ReplayPostbackRequest) (*trackingv1.ReplayResult, error) {
	return &trackingv1.ReplayResult{Postback: "postbacks/p1", Outcome: trackingv1.ReplayResult_ATTRIBUTED, Message: Hostile, Publisher: "publishers/22"}, s.Told("ReplayPostback", req)
}

// ReplayPostbacks tells of three, and then breaks off where it is to fail.
func (s *sales) ReplayPostbacks(req *trackingv1.ReplayPostbacksRequest, stream grpc.ServerStreamingServer[trackingv1.ReplayPostbacksResponse]) error {
	err := s.Told("ReplayPostbacks", req)
	if status.Code(err) == codes.Unavailable {
		return err
	}
	total := &trackingv1.ReplayPostbacksResponse{ReplayedCount: 3, UnchangedCount: 1, RefusedCount: 2}
	if s.Gains {
		total = &trackingv1.ReplayPostbacksResponse{ReplayedCount: 1234, AttributedCount: 1, RecordedCount: 1100, UnchangedCount: 100, RefusedCount: 33}
	}
	if sent := stream.Send(total); sent != nil || err != nil {
		return cmp.Or(err, sent)
	}
	total.Done = true
	return stream.Send(total)
}

func aDelivery() *trackingv1.Delivery {
	return &trackingv1.Delivery{
		Name: "deliveries/d1", Conversion: "conversions/c1", Publisher: "publishers/22", Offer: "offers/10", State: trackingv1.Delivery_DEAD, Status: trackingv1.Conversion_APPROVED, AttemptCount: 3,
		Attempts:   []*trackingv1.DeliveryAttempt{{AttemptTime: timestamppb.New(saleTime), HttpStatus: 500, Latency: durationpb.New(time.Second), Error: Hostile}},
		CreateTime: timestamppb.New(saleTime), Payload: `{"a":"<script>alert(\"x\")</script>"}`, Type: "conversion.refunded", Sequence: 4,
	}
}

func (s *sales) GetDelivery(_ context.Context, req *trackingv1.GetDeliveryRequest) (*trackingv1.Delivery, error) {
	return aDelivery(), s.Told("GetDelivery", req)
}

func (s *sales) ListDeliveries(_ context.Context, req *trackingv1.ListDeliveriesRequest) (*trackingv1.ListDeliveriesResponse, error) {
	resp := &trackingv1.ListDeliveriesResponse{}
	if !s.None {
		resp.Deliveries = []*trackingv1.Delivery{aDelivery()}
	}
	return resp, s.Told("ListDeliveries", req)
}

func (s *sales) ReplayDelivery(_ context.Context, req *trackingv1.ReplayDeliveryRequest) (*trackingv1.Delivery, error) {
	return aDelivery(), s.Told("ReplayDelivery", req)
}

func (s *sales) ReplayDeliveries(_ context.Context, req *trackingv1.ReplayDeliveriesRequest) (*trackingv1.ReplayDeliveriesResponse, error) {
	return &trackingv1.ReplayDeliveriesResponse{ReplayedCount: 1234}, s.Told("ReplayDeliveries", req)
}

func (s *sales) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	return &couponv1.ListCouponsResponse{Coupons: []*couponv1.Coupon{{Name: "offers/10/coupons/22.SALE", Code: "SALE", Publisher: "publishers/22"}}}, s.Told("ListCoupons", req)
}

// OpenSales returns a browser, logged in, before a console in Prague before sales.
func OpenSales(t *testing.T, api http.Handler) (*sales, *Browser) {
	t.Helper()
	s := &sales{asked: map[string]proto.Message{}, errs: map[string]error{}, Sale: aSale(), Saved: aReport()}
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: Key, Log: log, Ready: func(context.Context) error { return nil }})
	f := &Fake{Offers: 1}
	couponv1.RegisterOfferServiceServer(server, f)
	couponv1.RegisterPublisherServiceServer(server, f)
	couponv1.RegisterCouponServiceServer(server, s)
	trackingv1.RegisterConversionServiceServer(server, s)
	trackingv1.RegisterReportServiceServer(server, s)
	trackingv1.RegisterSavedReportServiceServer(server, s)
	trackingv1.RegisterPostbackServiceServer(server, s)
	trackingv1.RegisterDeliveryServiceServer(server, s)
	handler, err := console.New(console.Config{
		Coupon: server.Local(), Tracking: server.Local(), API: api, AdminKey: Key, Log: log, Zone: zone, Now: NewClock().Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, Visit(t, handler).LogIn()
}

// Violation is a service's refusal of one field.
func Violation(t *testing.T, field, text string) error {
	t.Helper()
	st, err := status.New(codes.InvalidArgument, field+": "+text).WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}
