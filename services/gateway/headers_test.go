package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestStrictTransport checks that browsers are told to use https only where they can.
func TestStrictTransport(t *testing.T) {
	t.Parallel()
	for _, publicURL := range []string{"https://go.example.com", "http://127.0.0.1:8080", ""} {
		handler, err := New(Backends{Partner: http.NotFoundHandler()}, Options{AdminKey: "0123456789abcdef", PublicURL: publicURL, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/livez", "/click", "/v1/offers", "/console/login"} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
			want := ""
			if publicURL == "https://go.example.com" {
				want = "max-age=31536000"
			}
			if got := w.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%q, %s: got %q, want %q", publicURL, path, got, want)
			}
		}
	}
}
