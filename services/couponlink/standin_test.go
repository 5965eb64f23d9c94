package couponlink

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOriginStandIn checks that each caller is told to come again in the form that it expects.
func TestOriginStandIn(t *testing.T) {
	t.Parallel()
	const page, data = "text/html; charset=utf-8", "application/json"
	origin := originStandIn()
	for _, c := range []struct {
		call   string
		status int
		kind   string
		says   string
	}{
		{"GET /click?offer_id=10", 503, page, "One moment, please"},
		{"HEAD /c/SALEXYZ20", 503, page, ""},
		{"GET /C/SALEXYZ20.", 503, page, "One moment, please"},
		{"POST /c/SALEXYZ20", 405, page, "Open the link in a browser"},
		{"GET /postback?coupon_code=SALEXYZ20", 503, data, `"outcome":"REJECTED"`},
		{"POST /postback/tune", 503, data, `"reason":"STORE_UNAVAILABLE"`},
		{"PUT /postback", 405, data, "METHOD_NOT_ALLOWED"},
		{"GET /v1/offers", 503, data, "google.rpc.ErrorInfo"},
		{"POST /v1/coupons:validate", 503, data, `"STORE_UNAVAILABLE"`},
		{"GET /", 503, page, "One moment, please"},
		{"GET /console/offers", 503, page, "One moment, please"},
	} {
		method, target, _ := strings.Cut(c.call, " ")
		w := httptest.NewRecorder()
		origin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody))
		if w.Code != c.status || w.Header().Get("Content-Type") != c.kind || (w.Code == 503) != (w.Header().Get("Retry-After") != "") || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %v %s", c.call, w.Code, w.Header(), w.Body)
		}
	}
}
