package httpserve

import (
	"log/slog"
	"net/http"

	"github.com/couponlink/couponlink/services/internal/readiness"
)

// StandIn returns a Server for a process that cannot serve yet, since its database is not there. It answers /livez
// and /healthz with 200, since the process runs, and everything else, like /readyz, with 503 and a time to retry
// after. mux has the paths whose callers expect 503 in another form; StandIn adds the others to it.
func StandIn(mux *http.ServeMux, log *slog.Logger) *Server {
	mux.HandleFunc("GET /livez", readiness.Live)
	mux.HandleFunc("GET /healthz", readiness.Live)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		notYet := readiness.Results{{Name: "store", Why: "the database is not there yet, or is being brought up to date"}}
		readiness.WriteHTTP(w, notYet, map[string]string{"message": "the storage is not available yet; try again later"})
	})
	return New(mux, log)
}
