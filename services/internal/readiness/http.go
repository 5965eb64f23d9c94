package readiness

import (
	"encoding/json"
	"net/http"
)

// retryAfter is how long to wait before asking again, in seconds.
const retryAfter = "1"

// Live answers /livez and /healthz: the process runs. It touches nothing, neither disks nor neighbours.
func Live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ServeHTTP answers /readyz: 200 if all is ready, else 503, with each dependency.
func (p *Probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	WriteHTTP(w, p.Results(r.Context()), nil)
}

// WriteHTTP answers with results, and with more fields beside them.
func WriteHTTP(w http.ResponseWriter, results Results, more map[string]string) {
	answer := map[string]any{"status": "ready", "dependencies": results}
	for name, value := range more {
		answer[name] = value
	}
	code := http.StatusOK
	if !results.Ready() {
		code, answer["status"] = http.StatusServiceUnavailable, "not ready"
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, code, answer)
}

func writeJSON(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // there is nobody to tell of a failure
}
