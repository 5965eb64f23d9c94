package grpcserve_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

func TestHealthNeedsNoKeyAndFollowsTheStore(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	s := start(t, &fake{}, func(context.Context) error {
		if down.Load() {
			return errors.New("store down")
		}
		return nil
	})
	for name, conn := range s.conns {
		health := healthpb.NewHealthClient(conn)
		for _, c := range []struct {
			down    bool
			service string
			want    healthpb.HealthCheckResponse_ServingStatus
		}{
			{false, "", healthpb.HealthCheckResponse_SERVING},
			{false, "couponlink.coupon.v1.CouponService", healthpb.HealthCheckResponse_SERVING},
			{true, "", healthpb.HealthCheckResponse_NOT_SERVING},
			{false, "", healthpb.HealthCheckResponse_SERVING},
		} {
			down.Store(c.down)
			resp, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: c.service})
			if err != nil || resp.GetStatus() != c.want {
				t.Errorf("%s: %+v: %v, %v", name, c, resp, err)
			}
		}
		if _, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
			t.Errorf("%s: unknown service: %v", name, err)
		}
	}
}

func TestReflectionNeedsTheKey(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{}, nil)
	list := func(withKey bool) (*reflectpb.ServerReflectionResponse, error) {
		conn := s.conns["network"]
		if withKey {
			conn = grpcdial.WithKey(conn, key)
		}
		stream, err := reflectpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
		if err != nil {
			return nil, err
		}
		_ = stream.Send(&reflectpb.ServerReflectionRequest{MessageRequest: &reflectpb.ServerReflectionRequest_ListServices{}})
		_ = stream.CloseSend()
		return stream.Recv()
	}
	if _, err := list(false); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without the key: %v", err)
	}
	resp, err := list(true)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, service := range resp.GetListServicesResponse().GetService() {
		names[service.GetName()] = true
	}
	if !names["couponlink.coupon.v1.CouponService"] || !names["grpc.health.v1.Health"] {
		t.Errorf("reflection lists %v", names)
	}
}

// TestStop checks that Stop finishes a call in flight, does not wait for a watcher, and cuts off a call that does not
// end.
func TestStop(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 1)
	s := start(t, &fake{answer: func(ctx context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		entered <- struct{}{}
		if req.GetCode() == "slow" {
			time.Sleep(100 * time.Millisecond)
			return &couponv1.ValidateCouponResponse{Valid: true}, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}, nil)
	watch, err := healthpb.NewHealthClient(s.conns["network"]).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("watch: %v, %v", first, err)
	}
	coupons := couponv1.NewCouponServiceClient(grpcdial.WithKey(s.conns["network"], key))
	result := map[string]chan error{"slow": make(chan error, 1), "endless": make(chan error, 1)}
	for code, done := range result {
		go func() {
			_, err := coupons.ValidateCoupon(t.Context(), &couponv1.ValidateCouponRequest{Code: code})
			done <- err
		}()
		<-entered
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	s.server.Stop(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if err := <-result["slow"]; err != nil {
		t.Errorf("a call under way was not finished: %v", err)
	}
	if err := <-result["endless"]; status.Code(err) != codes.Unavailable && status.Code(err) != codes.Canceled {
		t.Errorf("an endless call: %v", err)
	}
}

// TestHealthWatchesAreBounded checks the bound on watches, which anybody may open.
func TestHealthWatchesAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{}, nil)
	health := healthpb.NewHealthClient(s.conns["network"])
	refused := 0
	for range 150 {
		watch, err := health.Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err == nil {
			_, err = watch.Recv()
		}
		switch status.Code(err) {
		case codes.OK:
		case codes.Unavailable:
			refused++
		default:
			t.Fatal(err)
		}
	}
	if refused != 50 {
		t.Errorf("of 150 watches %d were refused, want 50", refused)
	}
}
