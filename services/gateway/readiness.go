package gateway

import (
	"context"
	"log/slog"
	"net/http"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/readiness"
)

// The services, as readiness names them.
const couponName, trackingName = "coupon service", "tracking service"

// readyHandler answers /readyz: 200 when both services serve, else 503; and says which do, and what each depends on.
type readyHandler struct{ probe *readiness.Probe }

// newReadyHandler returns the handler. The services bound how often they look, so it asks whenever it is asked.
func newReadyHandler(backends Backends, log *slog.Logger) readyHandler {
	return readyHandler{readiness.New(log, 0, serviceDependency(couponName, backends.Coupon), serviceDependency(trackingName, backends.Tracking))}
}

// ServeHTTP implements http.Handler.
func (h readyHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := h.probe.Results(r.Context()).AndProcess(r.Context())
	readiness.WriteHTTP(w, found, map[string]string{"coupon": statusOf(found, couponName), "tracking": statusOf(found, trackingName)})
}

// statusOf returns a service's status in the words of grpc.health.v1.
func statusOf(found readiness.Results, service string) string {
	for _, r := range found {
		switch {
		case r.Name != service:
		case r.Ready:
			return healthpb.HealthCheckResponse_SERVING.String()
		case r.Why == notReached:
			return "UNREACHABLE"
		}
	}
	return healthpb.HealthCheckResponse_NOT_SERVING.String()
}

// notReached is why a service is not ready that does not answer.
const notReached = "it cannot be reached"

// serviceDependency is the dependency on a service, by grpc.health.v1, with the service's own.
func serviceDependency(name string, conn grpc.ClientConnInterface) readiness.Dependency {
	client := healthpb.NewHealthClient(conn)
	return readiness.Dependency{Name: name, Results: func(ctx context.Context) readiness.Results {
		var trailer metadata.MD
		answer, err := client.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.Trailer(&trailer))
		if err != nil {
			return readiness.Results{{Name: name, Why: notReached}}
		}
		own := readiness.FromTrailer(trailer).Of(name)
		if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			return append(readiness.Results{{Name: name, Why: "it does not serve"}}, own...)
		}
		return append(readiness.Results{{Name: name, Ready: true}}, own...)
	}}
}
