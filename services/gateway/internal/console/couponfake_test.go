package console_test

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

// shop stands for both services behind the pages of coupons: offer 10, publisher 22, and the coupon
// SALEXYZ20 with hostile words. What refusal says is the answer to each call that changes something.
type shop struct {
	fake
	couponv1.UnimplementedCouponServiceServer
	couponv1.UnimplementedApprovalServiceServer
	trackingv1.UnimplementedReportServiceServer
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedLinkServiceServer

	mu      sync.Mutex
	calls   []proto.Message
	tried   []proto.Message // the validate_only calls among those that store something
	refusal error

	approval  *couponv1.Approval // nil: there is none
	fault     *couponv1.BatchCreateCouponsFault
	sharers   []string
	summary   error
	coupons   []*couponv1.Coupon
	verdict   *trackingv1.RecordConversionResponse
	postAuth  couponv1.Offer_PostbackAuth
	generated []string
}

const couponName = "offers/10/coupons/22.SALEXYZ20"

var couponTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func coupon(changes ...func(*couponv1.Coupon)) *couponv1.Coupon {
	c := &couponv1.Coupon{
		Name: couponName, Code: "SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22", State: couponv1.Coupon_ACTIVE, Enabled: proto.Bool(true),
		StartTime: timestamppb.New(couponTime), ExpireTime: timestamppb.New(time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)),
		InternalNote: hostile, TrackingLink: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20", Etag: "e1",
		CreateTime: timestamppb.New(couponTime),
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

// shopAsked returns the calls of a kind.
func shopAsked[T proto.Message](s *shop) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []T
	for _, call := range s.calls {
		if one, ok := call.(T); ok {
			found = append(found, one)
		}
	}
	return found
}

// last returns the last call of a kind.
func last[T proto.Message](t *testing.T, s *shop) T {
	t.Helper()
	all := shopAsked[T](s)
	if len(all) == 0 {
		t.Fatalf("there was no %T", *new(T))
	}
	return all[len(all)-1]
}

func (s *shop) note(req proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dry, ok := req.(interface{ GetValidateOnly() bool }); ok && dry.GetValidateOnly() && isSaving(req) {
		s.tried = append(s.tried, proto.Clone(req))
		return
	}
	s.calls = append(s.calls, proto.Clone(req))
}

// isSaving reports whether a request comes from a form that stores something.
func isSaving(req proto.Message) bool {
	switch req.(type) {
	case *couponv1.CreateCouponRequest, *couponv1.UpdateCouponRequest, *couponv1.UpdateApprovalRequest, *couponv1.GenerateCouponsRequest:
		return true
	}
	return false
}

func (s *shop) GetOffer(ctx context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	o, err := s.fake.GetOffer(ctx, req)
	if o != nil {
		o.PostbackToken, o.PostbackSecret, o.PostbackAuth, o.CurrencyCode = "0123456789abcdef", "whsec_x", s.postAuth, "EUR"
	}
	return o, err
}

func (s *shop) RotatePostbackCredentials(_ context.Context, req *couponv1.RotatePostbackCredentialsRequest) (*couponv1.Offer, error) {
	s.note(req)
	return offer(), s.refusal
}

func (s *shop) GetCoupon(_ context.Context, req *couponv1.GetCouponRequest) (*couponv1.Coupon, error) {
	if req.GetName() != couponName {
		return nil, status.Error(codes.NotFound, "there is no coupon like that")
	}
	c := coupon()
	if len(s.coupons) > 0 {
		c = proto.CloneOf(s.coupons[0])
	}
	c.SharedWith = s.sharers
	return c, nil
}

func (s *shop) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	s.note(req)
	return &couponv1.ListCouponsResponse{Coupons: s.coupons, NextPageToken: s.nextToken}, s.err
}

func (s *shop) CreateCoupon(_ context.Context, req *couponv1.CreateCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return coupon(), s.refusal
}

func (s *shop) UpdateCoupon(_ context.Context, req *couponv1.UpdateCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return req.GetCoupon(), s.refusal
}

func (s *shop) ArchiveCoupon(_ context.Context, req *couponv1.ArchiveCouponRequest) (*couponv1.Coupon, error) {
	s.note(req)
	return coupon(), s.refusal
}

func (s *shop) GenerateCoupons(_ context.Context, req *couponv1.GenerateCouponsRequest) (*couponv1.GenerateCouponsResponse, error) {
	s.note(req)
	return &couponv1.GenerateCouponsResponse{Codes: s.generated}, s.refusal
}

func (s *shop) ValidateCoupon(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	s.note(req)
	return &couponv1.ValidateCouponResponse{}, s.refusal
}

func (s *shop) BatchCreateCoupons(_ context.Context, req *couponv1.BatchCreateCouponsRequest) (*couponv1.BatchCreateCouponsResponse, error) {
	s.note(req)
	resp := &couponv1.BatchCreateCouponsResponse{}
	for _, one := range req.GetRequests() {
		result := &couponv1.BatchCreateCouponsResult{Fault: s.fault}
		if s.fault == nil {
			result.Coupon = coupon(func(c *couponv1.Coupon) { c.Code, c.SharedWith = one.GetCoupon().GetCode(), s.sharers })
		}
		resp.Results = append(resp.Results, result)
	}
	return resp, s.refusal
}

func (s *shop) GetApproval(_ context.Context, req *couponv1.GetApprovalRequest) (*couponv1.Approval, error) {
	if s.approval == nil {
		return nil, status.Error(codes.NotFound, "there is no approval")
	}
	s.note(req)
	return s.approval, nil
}

func (s *shop) ListApprovals(_ context.Context, req *couponv1.ListApprovalsRequest) (*couponv1.ListApprovalsResponse, error) {
	s.note(req)
	resp := &couponv1.ListApprovalsResponse{}
	if s.approval != nil {
		resp.Approvals = append(resp.Approvals, s.approval)
	}
	return resp, nil
}

func (s *shop) UpdateApproval(_ context.Context, req *couponv1.UpdateApprovalRequest) (*couponv1.Approval, error) {
	s.note(req)
	return req.GetApproval(), s.refusal
}

func (s *shop) ApprovePublisher(_ context.Context, req *couponv1.ApprovePublisherRequest) (*couponv1.Approval, error) {
	s.note(req)
	return s.approval, s.refusal
}

func (s *shop) BlockPublisher(_ context.Context, req *couponv1.BlockPublisherRequest) (*couponv1.Approval, error) {
	s.note(req)
	return s.approval, s.refusal
}

func (s *shop) SummarizeConversions(_ context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	s.note(req)
	return &trackingv1.SummarizeConversionsResponse{Rows: []*trackingv1.SummaryRow{{
		Offer: "offers/10", Publisher: "publishers/22", CouponCode: "SALEXYZ20",
		Figures: &trackingv1.Figures{Clicks: 12345, Conversions: 678, Payouts: []*couponv1.Money{{CurrencyCode: "EUR", Units: 91}}},
	}}}, s.summary
}

func (s *shop) BuildTrackingLink(context.Context, *trackingv1.BuildTrackingLinkRequest) (*trackingv1.BuildTrackingLinkResponse, error) {
	return &trackingv1.BuildTrackingLinkResponse{ShortUrl: "https://go.example.com/c/SALEXYZ20"}, nil
}

func (s *shop) RecordConversion(_ context.Context, req *trackingv1.RecordConversionRequest) (*trackingv1.RecordConversionResponse, error) {
	s.note(req)
	return s.verdict, s.refusal
}

// openShop returns a browser, logged in, before a console before a shop. api stands for the REST form.
func openShop(t *testing.T, s *shop, api http.Handler) *browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, s)
	couponv1.RegisterPublisherServiceServer(server, s)
	couponv1.RegisterCouponServiceServer(server, s)
	couponv1.RegisterApprovalServiceServer(server, s)
	trackingv1.RegisterReportServiceServer(server, s)
	trackingv1.RegisterConversionServiceServer(server, s)
	trackingv1.RegisterLinkServiceServer(server, s)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{
		Coupon: server.Local(), Tracking: server.Local(), API: api, AdminKey: key, Zone: zone, Log: log,
		PublicURL: "https://go.example.com", Now: func() time.Time { return couponTime },
	})
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, handler).logIn()
}

// refused returns a refusal with its reason, a field and further values.
func refused(t *testing.T, code codes.Code, reason, field, text string, metadata map[string]string) error {
	t.Helper()
	st := status.New(code, text)
	with, err := st.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "couponlink", Metadata: metadata})
	if err == nil && field != "" {
		with, err = with.WithDetails(fieldViolation(field, reason, text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return with.Err()
}

// fieldViolation is a service's error on one field.
func fieldViolation(field, reason, text string) *errdetails.BadRequest {
	return &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text, Reason: reason}}}
}
