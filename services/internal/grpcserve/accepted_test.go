package grpcserve_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// ticking sends until sending fails, ten times a second.
type ticking struct {
	trackingv1.UnimplementedReportServiceServer
}

func (ticking) ExportConversions(_ *trackingv1.ExportConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.ExportConversionsResponse]) error {
	for {
		if err := stream.Send(&trackingv1.ExportConversionsResponse{}); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestRevokedKeysAreToldNothingMore revokes a key while a stream is open.
func TestRevokedKeysAreToldNothingMore(t *testing.T) {
	t.Parallel()
	secret, revoked := access.NewSecret(), atomic.Bool{}
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: slog.New(slog.DiscardHandler), Keys: func(context.Context, access.Hash) (*access.Principal, error) {
		if revoked.Load() {
			return nil, nil
		}
		return &access.Principal{Name: "keys/reader", Role: access.Analyst}, nil
	}})
	trackingv1.RegisterReportServiceServer(server, ticking{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := trackingv1.NewReportServiceClient(grpcdial.WithKey(server.Local(), secret)).ExportConversions(ctx, &trackingv1.ExportConversionsRequest{})
	for range 5 {
		if err == nil {
			_, err = stream.Recv()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	revoked.Store(true)
	begin := time.Now()
	for err == nil {
		_, err = stream.Recv()
	}
	if waited := time.Since(begin); status.Code(err) != codes.Unauthenticated || waited > 3*time.Second {
		t.Errorf("after %v: %v", waited, err)
	}
}
