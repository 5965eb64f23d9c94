package readiness

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// Live answers /livez and /healthz with 200, since the process runs. It uses neither the disk nor another service.
func Live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ServeHTTP answers /readyz: 200 if the process is ready, else 503, with the result of each dependency.
func (p *Probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	WriteHTTP(w, p.Results(r.Context()).AndProcess(r.Context()), nil)
}

// stoppingKey is the context key for whether the server is stopping.
type stoppingKey struct{}

// WithStopping returns a context that makes IsStopping return the value of stopping.
func WithStopping(ctx context.Context, stopping *atomic.Bool) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// IsStopping reports whether the server of ctx's request is stopping.
func IsStopping(ctx context.Context) bool {
	stopping, ok := ctx.Value(stoppingKey{}).(*atomic.Bool)
	return ok && stopping.Load()
}

// AndProcess returns the results, with one more if the HTTP server of ctx's request is stopping.
func (r Results) AndProcess(ctx context.Context) Results {
	if !IsStopping(ctx) {
		return r
	}
	return append(slices.Clip(r), Result{Name: "process", Why: "it is stopping"})
}

// WriteHTTP responds with the results and with the additional fields in more.
func WriteHTTP(w http.ResponseWriter, results Results, more map[string]string) {
	answer := map[string]any{"status": "ready", "dependencies": results}
	for name, value := range more {
		answer[name] = value
	}
	code := http.StatusOK
	if !results.Ready() {
		code, answer["status"] = http.StatusServiceUnavailable, "not ready"
		w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	}
	writeJSON(w, code, answer)
}

func writeJSON(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // a failure means that the client is gone
}
