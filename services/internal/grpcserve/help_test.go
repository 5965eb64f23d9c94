package grpcserve_test

import (
	"context"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// TestErrorsLinkToHelp: an error whose reason has a page links to it, and no other error does.
func TestErrorsLinkToHelp(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return nil, apperr.New(apperr.Aborted, req.GetCode(), "refused")
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		for reason, want := range map[string]string{"ETAG_MISMATCH": "https://go.example.com/docs/callers/frontend.md#patch-and-etag", "COUPON_NOT_FOUND": ""} {
			_, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{Code: reason})
			help, has := detail[*errdetails.Help](err)
			switch {
			case !has && want == "":
			case want == "" || len(help.GetLinks()) != 1 || help.GetLinks()[0].GetUrl() != want || help.GetLinks()[0].GetDescription() == "":
				t.Errorf("%s links to %v, want %q", reason, help, want)
			}
		}
	})
}
