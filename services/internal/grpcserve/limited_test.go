package grpcserve_test

import (
	"context"
	"log/slog"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// TestLimitedCallersReachOnlyMethodsThatServeThem calls a method that serves limited callers, and two that state nothing of
// the kind.
func TestLimitedCallersReachOnlyMethodsThatServeThem(t *testing.T) {
	t.Parallel()
	for _, p := range []*access.Principal{
		{Name: "keys/p", Role: access.Owner, Publishers: []string{"publishers/22"}},
		{Name: "keys/o", Role: access.Owner, Offers: []string{"offers/10"}},
		{Name: "keys/b", Role: access.Owner, Publishers: []string{"publishers/22"}, Offers: []string{"offers/10"}},
		{Name: "keys/all", Role: access.Owner},
	} {
		server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: slog.New(slog.DiscardHandler), Keys: func(context.Context, access.Hash) (*access.Principal, error) {
			return p, nil
		}})
		accessv1.RegisterAccessServiceServer(server, accessv1.UnimplementedAccessServiceServer{})
		couponv1.RegisterLookupServiceServer(server, couponv1.UnimplementedLookupServiceServer{})
		conn := grpcdial.WithKey(server.Local(), access.NewSecret())
		want := codes.PermissionDenied
		if !p.IsLimited() {
			want = codes.Unimplemented
		}
		if _, err := accessv1.NewAccessServiceClient(conn).GetMe(t.Context(), &accessv1.GetMeRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s asks who it is: %v", p.Name, err)
		}
		if _, err := accessv1.NewAccessServiceClient(conn).ListKeys(t.Context(), &accessv1.ListKeysRequest{}); status.Code(err) != want {
			t.Errorf("%s lists keys: %v", p.Name, err)
		}
		if _, err := couponv1.NewLookupServiceClient(conn).LookupOffer(t.Context(), &couponv1.LookupOfferRequest{}); status.Code(err) != want {
			t.Errorf("%s looks an offer up: %v", p.Name, err)
		}
	}
}
