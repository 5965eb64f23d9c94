package grpcserve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/readiness"
)

// checkTimeout bounds one readiness check. watchInterval is the time between two checks for a watcher.
const (
	checkTimeout  = 2 * time.Second
	watchInterval = 2 * time.Second
	// maxWatches bounds the watches, because anybody may open one.
	maxWatches = 100
)

// healthServer implements grpc.health.v1 by checking on each call. The server that comes with gRPC stores a state that
// somebody must update, and its watchers delay a graceful stop.
type healthServer struct {
	healthpb.UnimplementedHealthServer
	ready    func(context.Context) readiness.Results
	services func() map[string]grpc.ServiceInfo
	watches  *admission.Gate
	stopping chan struct{}
	stopOnce sync.Once
}

func newHealthServer(cfg Config, services func() map[string]grpc.ServiceInfo) *healthServer {
	ready := func(context.Context) readiness.Results { return nil }
	switch {
	case cfg.Readiness != nil:
		ready = cfg.Readiness.Results
	case cfg.Ready != nil:
		ready = func(ctx context.Context) readiness.Results {
			return readiness.Results{{Name: "service", Ready: cfg.Ready(ctx) == nil}}
		}
	}
	return &healthServer{ready: ready, services: services, watches: admission.NewGate("health watches", maxWatches), stopping: make(chan struct{})}
}

func (h *healthServer) shutdown() { h.stopOnce.Do(func() { close(h.stopping) }) }

// Check reports whether the server, or one of its services, can do its work now. A trailer has its dependencies: see
// readiness.FromTrailer.
func (h *healthServer) Check(ctx context.Context, req *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if !h.knows(req.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	serving, found := h.look(ctx)
	if len(found) > 0 {
		if err := grpc.SetTrailer(ctx, found.Trailer()); err != nil {
			return nil, fmt.Errorf("adding what is ready: %w", err)
		}
	}
	return &healthpb.HealthCheckResponse{Status: serving}, nil
}

// Watch sends what Check would answer, now and after each change, until the server is about to stop.
func (h *healthServer) Watch(req *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	if !h.watches.Enter() {
		return h.watches.Refusal().Err()
	}
	defer h.watches.Leave()
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	last := healthpb.HealthCheckResponse_UNKNOWN
	for {
		now := healthpb.HealthCheckResponse_SERVICE_UNKNOWN
		if h.knows(req.GetService()) {
			now, _ = h.look(stream.Context())
		}
		if now != last {
			if err := stream.Send(&healthpb.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			last = now
		}
		select {
		case <-ticker.C:
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-h.stopping:
			if last != healthpb.HealthCheckResponse_NOT_SERVING {
				_ = stream.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}) // a watcher that has left does not need it
			}
			return status.Error(codes.Unavailable, "the server is stopping")
		}
	}
}

func (h *healthServer) knows(service string) bool {
	if service == "" {
		return true
	}
	_, ok := h.services()[service]
	return ok
}

func (h *healthServer) look(ctx context.Context) (healthpb.HealthCheckResponse_ServingStatus, readiness.Results) {
	select {
	case <-h.stopping:
		return healthpb.HealthCheckResponse_NOT_SERVING, readiness.Results{{Name: "service", Why: "it is stopping"}}
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found := h.ready(ctx)
	if !found.Ready() {
		return healthpb.HealthCheckResponse_NOT_SERVING, found
	}
	return healthpb.HealthCheckResponse_SERVING, found
}
