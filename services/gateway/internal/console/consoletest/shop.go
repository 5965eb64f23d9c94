package consoletest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// Shop stands for both services behind the pages of coupons: offer 10, publisher 22, and the coupon
// SALEXYZ20 with hostile words. What refusal says is the answer to each call that changes something.
type Shop struct {
	Fake
	couponv1.UnimplementedCouponServiceServer
	couponv1.UnimplementedApprovalServiceServer
	trackingv1.UnimplementedReportServiceServer
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedLinkServiceServer
	trackingv1.UnimplementedReservationServiceServer

	mu      sync.Mutex
	Calls   []proto.Message
	Tried   []proto.Message // the validate_only calls among those that store something
	Refusal error

	Approval  *couponv1.Approval // nil without an approval
	Fault     *couponv1.BatchCreateCouponsFault
	Sharers   []string
	Summary   error
	Stored    []*couponv1.Coupon
	Verdict   *trackingv1.RecordConversionResponse
	PostAuth  couponv1.Offer_PostbackAuth
	Generated []string
	// Held are the reservations of the coupon, and AllHeld their number on all pages.
	Held    []*trackingv1.Reservation
	AllHeld int32
}

// CouponName is the name of the coupon that Coupon returns.
const CouponName = "offers/10/coupons/22.SALEXYZ20"

// CouponTime is when it begins.
var CouponTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Coupon returns a coupon, changed.
func Coupon(changes ...func(*couponv1.Coupon)) *couponv1.Coupon {
	c := &couponv1.Coupon{
		Name: CouponName, Code: "SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22", State: couponv1.Coupon_ACTIVE, Enabled: proto.Bool(true),
		StartTime: timestamppb.New(CouponTime), ExpireTime: timestamppb.New(time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)),
		InternalNote: Hostile, TrackingLink: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20", Etag: "e1",
		CreateTime: timestamppb.New(CouponTime),
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

// ShopAsked returns the calls of a kind.
func ShopAsked[T proto.Message](s *Shop) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []T
	for _, call := range s.Calls {
		if one, ok := call.(T); ok {
			found = append(found, one)
		}
	}
	return found
}

// Last returns the last call of a kind.
func Last[T proto.Message](t *testing.T, s *Shop) T {
	t.Helper()
	all := ShopAsked[T](s)
	if len(all) == 0 {
		t.Fatalf("there was no %T", *new(T))
	}
	return all[len(all)-1]
}

func (s *Shop) note(req proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dry, ok := req.(interface{ GetValidateOnly() bool }); ok && dry.GetValidateOnly() && isSaving(req) {
		s.Tried = append(s.Tried, proto.Clone(req))
		return
	}
	s.Calls = append(s.Calls, proto.Clone(req))
}

// isSaving reports whether a request comes from a form that stores something.
func isSaving(req proto.Message) bool {
	switch req.(type) {
	case *couponv1.CreateCouponRequest, *couponv1.UpdateCouponRequest, *couponv1.UpdateApprovalRequest, *couponv1.GenerateCouponsRequest:
		return true
	}
	return false
}

func (s *Shop) GetOffer(ctx context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	o, err := s.Fake.GetOffer(ctx, req)
	if o != nil {
		o.PostbackToken, o.PostbackSecret, o.PostbackAuth, o.CurrencyCode = "0123456789abcdef", "whsec_x", s.PostAuth, "EUR"
	}
	return o, err
}

func (s *Shop) ListReservations(_ context.Context, req *trackingv1.ListReservationsRequest) (*trackingv1.ListReservationsResponse, error) {
	s.note(req)
	return &trackingv1.ListReservationsResponse{Reservations: s.Held, TotalSize: s.AllHeld}, s.Summary
}

func (s *Shop) ReleaseReservation(_ context.Context, req *trackingv1.ReleaseReservationRequest) (*trackingv1.Reservation, error) {
	s.note(req)
	return &trackingv1.Reservation{Name: req.GetName(), State: trackingv1.Reservation_RELEASED}, s.Refusal
}

func (s *Shop) RotatePostbackCredentials(_ context.Context, req *couponv1.RotatePostbackCredentialsRequest) (*couponv1.Offer, error) {
	s.note(req)
	return offer(), s.Refusal
}

func (s *Shop) GetCoupon(_ context.Context, req *couponv1.GetCouponRequest) (*couponv1.Coupon, error) {
	if req.GetName() != CouponName {
		return nil, status.Error(codes.NotFound, "there is no coupon like that")
	}
	c := Coupon()
	if len(s.Stored) > 0 {
		c = proto.CloneOf(s.Stored[0])
	}
	c.SharedWith = s.Sharers
	return c, nil
}

func (s *Shop) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	s.note(req)
	return &couponv1.ListCouponsResponse{Coupons: s.Stored, NextPageToken: s.NextToken}, s.Err
}

func (s *Shop) CreateCoupon(_ context.Context, req *couponv1.CreateCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return Coupon(), s.Refusal
}

func (s *Shop) UpdateCoupon(_ context.Context, req *couponv1.UpdateCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return req.GetCoupon(), s.Refusal
}

func (s *Shop) ArchiveCoupon(_ context.Context, req *couponv1.ArchiveCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return Coupon(), s.Refusal
}

func (s *Shop) GenerateCoupons(_ context.Context, req *couponv1.GenerateCouponsRequest) (*couponv1.GenerateCouponsResponse, error) {
	s.note(req)
	return &couponv1.GenerateCouponsResponse{Codes: s.Generated}, s.Refusal
}

func (s *Shop) ValidateCoupon(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	s.note(req)
	return &couponv1.ValidateCouponResponse{}, s.Refusal
}

func (s *Shop) BatchCreateCoupons(_ context.Context, req *couponv1.BatchCreateCouponsRequest) (*couponv1.BatchCreateCouponsResponse, error) {
	s.note(req)
	resp := &couponv1.BatchCreateCouponsResponse{}
	for _, one := range req.GetRequests() {
		result := &couponv1.BatchCreateCouponsResult{Fault: s.Fault}
		if s.Fault == nil {
			result.Coupon = Coupon(func(c *couponv1.Coupon) { c.Code, c.SharedWith = one.GetCoupon().GetCode(), s.Sharers })
		}
		resp.Results = append(resp.Results, result)
	}
	return resp, s.Refusal
}

func (s *Shop) GetApproval(_ context.Context, req *couponv1.GetApprovalRequest) (*couponv1.Approval, error) {
	if s.Approval == nil {
		return nil, status.Error(codes.NotFound, "there is no approval")
	}
	s.note(req)
	return s.Approval, nil
}

func (s *Shop) ListApprovals(_ context.Context, req *couponv1.ListApprovalsRequest) (*couponv1.ListApprovalsResponse, error) {
	s.note(req)
	resp := &couponv1.ListApprovalsResponse{}
	if s.Approval != nil {
		resp.Approvals = append(resp.Approvals, s.Approval)
	}
	return resp, nil
}

func (s *Shop) UpdateApproval(_ context.Context, req *couponv1.UpdateApprovalRequest) (*couponv1.Approval, error) {
	s.note(req)
	return req.GetApproval(), s.Refusal
}

func (s *Shop) ApprovePublisher(_ context.Context, req *couponv1.ApprovePublisherRequest) (*couponv1.Approval, error) {
	s.note(req)
	return s.Approval, s.Refusal
}

func (s *Shop) BlockPublisher(_ context.Context, req *couponv1.BlockPublisherRequest) (*couponv1.Approval, error) {
	s.note(req)
	return s.Approval, s.Refusal
}

func (s *Shop) SummarizeConversions(_ context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	s.note(req)
	return &trackingv1.SummarizeConversionsResponse{Rows: []*trackingv1.SummaryRow{{
		Offer: "offers/10", Publisher: "publishers/22", CouponCode: "SALEXYZ20",
		Figures: &trackingv1.Figures{Clicks: 12345, Conversions: 678, Payouts: []*couponv1.Money{{CurrencyCode: "EUR", Units: 91}}},
	}}}, s.Summary
}

func (s *Shop) BuildTrackingLink(context.Context, *trackingv1.BuildTrackingLinkRequest) (*trackingv1.BuildTrackingLinkResponse, error) {
	return &trackingv1.BuildTrackingLinkResponse{ShortUrl: "https://go.example.com/c/SALEXYZ20"}, nil
}

func (s *Shop) RecordConversion(_ context.Context, req *trackingv1.RecordConversionRequest) (*trackingv1.RecordConversionResponse, error) {
	s.note(req)
	return s.Verdict, s.Refusal
}

// OpenShop returns a browser, logged in, before a console before a shop. api stands for the REST form.
func OpenShop(t *testing.T, s *Shop, api http.Handler) *Browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: Key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, s)
	couponv1.RegisterPublisherServiceServer(server, s)
	couponv1.RegisterCouponServiceServer(server, s)
	couponv1.RegisterApprovalServiceServer(server, s)
	trackingv1.RegisterReportServiceServer(server, s)
	trackingv1.RegisterConversionServiceServer(server, s)
	trackingv1.RegisterLinkServiceServer(server, s)
	trackingv1.RegisterReservationServiceServer(server, s)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{
		Coupon: server.Local(), Tracking: server.Local(), API: api, AdminKey: Key, Zone: zone, Log: log,
		PublicURL: "https://go.example.com", Now: func() time.Time { return CouponTime },
	})
	if err != nil {
		t.Fatal(err)
	}
	return Visit(t, handler).LogIn()
}

// Refused returns a refusal with its reason, a field and further values.
func Refused(t *testing.T, code codes.Code, reason, field, text string, metadata map[string]string) error {
	t.Helper()
	st := status.New(code, text)
	with, err := st.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "couponlink", Metadata: metadata})
	if err == nil && field != "" {
		with, err = with.WithDetails(FieldViolation(field, reason, text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return with.Err()
}

// FieldViolation is a service's error on one field.
func FieldViolation(field, reason, text string) *errdetails.BadRequest {
	return &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text, Reason: reason}}}
}

// Approval returns an approval in a state.
func Approval(state couponv1.Approval_State) *couponv1.Approval {
	return &couponv1.Approval{
		Name: "offers/10/approvals/22", Offer: "offers/10", Publisher: "publishers/22", State: state, Source: couponv1.Approval_COUPON, Etag: "e1",
	}
}
