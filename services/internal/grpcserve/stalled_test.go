package grpcserve_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// endless sends until sending fails.
type endless struct {
	trackingv1.UnimplementedReportServiceServer
	failed chan error
}

func (e endless) ExportConversions(_ *trackingv1.ExportConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.ExportConversionsResponse]) error {
	for {
		part := &trackingv1.ExportConversionsResponse{Conversions: []*trackingv1.Conversion{{TransactionId: strings.Repeat("x", 64<<10)}}}
		if err := stream.Send(part); err != nil {
			e.failed <- err
			return err
		}
	}
}

// TestStalledReaders checks that a call ends if its caller stops reading, and that the caller learns why.
func TestStalledReaders(t *testing.T) {
	t.Parallel()
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: slog.New(slog.DiscardHandler), SendPatience: 300 * time.Millisecond})
	reports := endless{failed: make(chan error, 1)}
	trackingv1.RegisterReportServiceServer(server, reports)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpcdial.Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := trackingv1.NewReportServiceClient(grpcdial.WithKey(conn, key)).ExportConversions(t.Context(), &trackingv1.ExportConversionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-reports.failed:
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("sending ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a caller that does not read holds its call")
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) || status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "read nothing") {
		t.Errorf("the caller is told %v", err)
	}
	_ = conn.Close()
	server.Stop(t.Context())
	if err := <-served; err != nil {
		t.Error(err)
	}
}
