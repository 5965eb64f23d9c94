package grpcserve_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/requestid"
)

// TestRequestsHaveIDs: each response and each error has the caller's id of the request, or one of ours.
func TestRequestsHaveIDs(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		switch req.GetCode() {
		case "REFUSED":
			return nil, apperr.New(apperr.NotFound, "COUPON_NOT_FOUND", "there is none")
		case "CANCELLED":
			return nil, context.Canceled
		case "PANIC":
			panic("a mistake")
		}
		return &couponv1.ValidateCouponResponse{}, nil
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		keyed := grpcdial.WithKey(conn, key)
		for _, code := range []string{"REFUSED", "CANCELLED", "PANIC"} {
			_, err := call(requestid.Outgoing(t.Context(), "mine-1"), keyed, unary, &couponv1.ValidateCouponRequest{Code: code})
			if info, _ := detail[*errdetails.RequestInfo](err); info.GetRequestId() != "mine-1" {
				t.Errorf("%s: %v has the id %q", code, err, info.GetRequestId())
			}
		}
		_, err := call(requestid.Outgoing(t.Context(), "mine-2"), conn, unary, &couponv1.ValidateCouponRequest{})
		if info, _ := detail[*errdetails.RequestInfo](err); info.GetRequestId() != "mine-2" {
			t.Errorf("without the key: %v has the id %q", err, info.GetRequestId())
		}
		_, err = call(t.Context(), keyed, unary, &couponv1.ValidateCouponRequest{Code: "REFUSED"})
		if info, _ := detail[*errdetails.RequestInfo](err); uuid.Validate(info.GetRequestId()) != nil {
			t.Errorf("without an id: %v has the id %q", err, info.GetRequestId())
		}
	})
	for name, conn := range s.conns {
		client := couponv1.NewCouponServiceClient(grpcdial.WithKey(conn, key))
		var header metadata.MD
		if _, err := client.ValidateCoupon(requestid.Outgoing(t.Context(), "mine-3"), &couponv1.ValidateCouponRequest{}, grpc.Header(&header)); err != nil {
			t.Error(err)
		}
		if got := header.Get(requestid.Header); len(got) != 1 || got[0] != "mine-3" {
			t.Errorf("%s: the response has the ids %q", name, got)
		}
	}
}
