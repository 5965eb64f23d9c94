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

// The names of the services in readiness responses.
const couponName, trackingName = "coupon service", "tracking service"

// readyHandler serves /readyz: 200 if both services are ready, else 503. The body lists both, and what each
// depends on.
type readyHandler struct{ probe *readiness.Probe }

// newReadyHandler returns a readyHandler. It asks the services at each request, because they limit how often
// they check.
func newReadyHandler(backends Backends, log *slog.Logger) readyHandler {
	return readyHandler{readiness.New(log, 0, serviceDependency(couponName, backends.Coupon), serviceDependency(trackingName, backends.Tracking))}
}

// ServeHTTP implements http.Handler.
func (h readyHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := h.probe.Results(r.Context()).AndProcess(r.Context())
	readiness.WriteHTTP(w, found, map[string]string{"coupon": statusOf(found, couponName), "tracking": statusOf(found, trackingName)})
}

// statusOf returns a service's status as grpc.health.v1 names it.
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

// notReached says why a service that does not answer is not ready.
const notReached = "it cannot be reached"

// serviceDependency checks a service by grpc.health.v1, and includes the service's own dependencies.
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
