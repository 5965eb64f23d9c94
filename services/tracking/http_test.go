package tracking

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/couponlink/couponlink/services/internal/readiness"
)

func TestHealthOverHTTP(t *testing.T) {
	handler := (&Service{ready: readiness.New(slog.New(slog.DiscardHandler), readiness.Interval)}).HTTPHandler()
	for _, path := range []string{"/livez", "/healthz", "/readyz"} {
		for method, want := range map[string]int{
			http.MethodGet: http.StatusOK, http.MethodHead: http.StatusOK,
			http.MethodPost: http.StatusMethodNotAllowed, http.MethodDelete: http.StatusMethodNotAllowed,
		} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			if allow := w.Header().Get("Allow"); w.Code != want || (allow == "GET, HEAD") != (want != http.StatusOK) {
				t.Errorf("%s %s: %d, Allow: %q; want %d", method, path, w.Code, allow, want)
			}
		}
	}
}
