package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long browsers cache the result of a preflight.
const preflightAge = 10 * time.Minute

// withCORS lets frontends on the given origins call the API, report conversions and ask for health, and lets
// any origin read the API's description. It answers preflights itself, because they carry no key.
func withCORS(origins []string, next http.Handler) http.Handler {
	description := cors.New(cors.Options{AllowedOrigins: []string{"*"}, AllowedMethods: []string{http.MethodGet, http.MethodHead}}).Handler(next)
	api := next
	if len(origins) > 0 { // an empty list would allow all
		api = cors.New(cors.Options{
			AllowedOrigins: origins,
			AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{
				"Authorization", "Content-Type", "If-Match", "Idempotency-Key", "Last-Event-ID", "X-Request-Id",
				"Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout", "X-Grpc-Web", "X-User-Agent",
			},
			ExposedHeaders: []string{
				"ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "Allow", "Content-Disposition", "X-Request-Id", "Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin",
			},
			AllowCredentials: true,
			MaxAge:           int(preflightAge / time.Second),
		}).Handler(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/openapi.json":
			description.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/v1/"), strings.HasPrefix(path, "/couponlink."), path == "/postback", strings.HasPrefix(path, "/postback/"),
			path == "/livez", path == "/healthz", path == "/readyz":
			api.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
