package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// readyTimeout bounds a look at the services.
const readyTimeout = 2 * time.Second

// retryAfter is rpcstatus.RetryDelay as HTTP has it, in seconds.
const retryAfter = "1"

// readiness answers /readyz: 200 when both services serve, else 503; and says which do.
type readiness struct {
	coupon, tracking healthpb.HealthClient
}

func newReadiness(backends Backends) *readiness {
	return &readiness{healthpb.NewHealthClient(backends.Coupon), healthpb.NewHealthClient(backends.Tracking)}
}

// ServeHTTP asks both services at once.
func (h *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	var answer struct {
		Status   string `json:"status"`
		Coupon   string `json:"coupon"`
		Tracking string `json:"tracking"`
	}
	var both sync.WaitGroup
	both.Go(func() { answer.Coupon = ask(ctx, h.coupon) })
	both.Go(func() { answer.Tracking = ask(ctx, h.tracking) })
	both.Wait()
	const ready = "SERVING"
	code := http.StatusOK
	answer.Status = "ready"
	if answer.Coupon != ready || answer.Tracking != ready {
		code, answer.Status = http.StatusServiceUnavailable, "not ready"
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, code, answer)
}

func ask(ctx context.Context, service healthpb.HealthClient) string {
	resp, err := service.Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return "UNREACHABLE"
	}
	return resp.GetStatus().String()
}
