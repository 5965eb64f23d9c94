package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

func TestCORS(t *testing.T) {
	const app, stranger = "https://app.example.com", "https://stranger.example"
	for _, tc := range []struct {
		name, method, path, origin, asked string
		status                            int
		allowed, credentials              string
	}{
		{"a preflight carries no key", http.MethodOptions, "/v1/offers", app, http.MethodPatch, 204, app, "true"},
		{"of a postback", http.MethodOptions, "/postback", app, http.MethodPost, 204, app, "true"},
		{"of a stranger", http.MethodOptions, "/v1/offers", stranger, http.MethodGet, 204, "", ""},
		{"of another method", http.MethodOptions, "/v1/offers", app, http.MethodPut, 204, "", ""},
		{"of the console", http.MethodOptions, "/console/", app, http.MethodGet, 405, "", ""},
		{"a refused call can be read", http.MethodGet, "/v1/offers", app, "", 401, app, "true"},
		{"not by a stranger", http.MethodGet, "/v1/offers", stranger, "", 401, "", ""},
		{"health can be read", http.MethodGet, "/livez", app, "", 200, app, "true"},
		{"the description is for all", http.MethodGet, "/openapi.json", stranger, "", 200, "*", ""},
		{"the description's preflight", http.MethodOptions, "/openapi.json", stranger, http.MethodGet, 204, "*", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Origin", tc.origin)
			if tc.asked != "" {
				r.Header.Set("Access-Control-Request-Method", tc.asked)
				if tc.path != "/openapi.json" {
					r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,if-match")
				}
			}
			w := httptest.NewRecorder()
			withOrigins(t, app).ServeHTTP(w, r)
			got := w.Header()
			if w.Code != tc.status || got.Get("Access-Control-Allow-Origin") != tc.allowed || got.Get("Access-Control-Allow-Credentials") != tc.credentials {
				t.Errorf("got %d with %v", w.Code, got)
			}
		})
	}
	r := httptest.NewRequest(http.MethodOptions, "/v1/offers", nil)
	r.Header.Set("Origin", app)
	r.Header.Set("Access-Control-Request-Method", http.MethodGet)
	w := httptest.NewRecorder()
	withOrigins(t).ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without origins: got %d with %v", w.Code, w.Header())
	}
}

// withOrigins returns a gateway that browsers may call from some origins.
func withOrigins(t *testing.T, origins ...string) http.Handler {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log})
	handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: http.NotFoundHandler()},
		gateway.Options{AdminKey: key, CORSOrigins: origins, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}
