package grpcserve

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// checkTimeout bounds one look at whether the service is ready; watchInterval is the time between
// two looks on behalf of a watcher.
const (
	checkTimeout  = 2 * time.Second
	watchInterval = 2 * time.Second
)

// healthServer answers grpc.health.v1 by looking when asked. The one that comes with gRPC holds a
// state that somebody must keep up to date, and its watchers hold up a graceful stop.
type healthServer struct {
	healthpb.UnimplementedHealthServer
	ready    func(context.Context) error
	services func() map[string]grpc.ServiceInfo
	stopping chan struct{}
	stopOnce sync.Once
}

func newHealthServer(ready func(context.Context) error, services func() map[string]grpc.ServiceInfo) *healthServer {
	if ready == nil {
		ready = func(context.Context) error { return nil }
	}
	return &healthServer{ready: ready, services: services, stopping: make(chan struct{})}
}

func (h *healthServer) shutdown() { h.stopOnce.Do(func() { close(h.stopping) }) }

// Check says whether the server, or one of its services, can do its work now.
func (h *healthServer) Check(ctx context.Context, req *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if !h.knows(req.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return &healthpb.HealthCheckResponse{Status: h.look(ctx)}, nil
}

// Watch sends what Check would answer, now and whenever it has changed, until the server stops.
func (h *healthServer) Watch(req *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	last := healthpb.HealthCheckResponse_UNKNOWN
	for {
		now := healthpb.HealthCheckResponse_SERVICE_UNKNOWN
		if h.knows(req.GetService()) {
			now = h.look(stream.Context())
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

func (h *healthServer) look(ctx context.Context) healthpb.HealthCheckResponse_ServingStatus {
	select {
	case <-h.stopping:
		return healthpb.HealthCheckResponse_NOT_SERVING
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if h.ready(ctx) != nil {
		return healthpb.HealthCheckResponse_NOT_SERVING
	}
	return healthpb.HealthCheckResponse_SERVING
}
