package partnerhttp

import (
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// signedGet is a GET whose query, in its canonical form, is signed.
func signedGet(t *testing.T, path, query string) *http.Request {
	t.Helper()
	ts := strconv.FormatInt(now.Unix(), 10)
	query += "&ts=" + ts
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"?"+query+"&sig="+hex.EncodeToString(sum(query)), nil)
}

// TestPresetsAreSignedAsSent: the signature covers the parameters as they came, and the journal has them.
func TestPresetsAreSignedAsSent(t *testing.T) {
	use := newUseCases(t)
	h := NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	status, a := answered(t, h, signedGet(t, "/postback/tune", "adv_sub=A-1&offer_id=10&preset=tune&promo_code=SALEXYZ20"))
	if status != http.StatusOK || a.Outcome != attribution.Attributed || a.CouponCode != "SALEXYZ20" || len(a.Warnings) != 0 {
		t.Fatalf("got %d %+v", status, a)
	}
	page, _, err := use.Attribution.Postbacks(t.Context(), listing.Request{PageSize: 1})
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	want := "adv_sub=A-1&offer_id=10&preset=tune&promo_code=SALEXYZ20&sig=%2A%2A%2A&ts=" + strconv.FormatInt(now.Unix(), 10)
	if got := page[0]; got.Parameters != want || got.TransactionID != "A-1" || got.CouponCode != "SALEXYZ20" {
		t.Errorf("the journal has %+v", got)
	}
	replay, err := use.Attribution.Replay(t.Context(), page[0].ID, attribution.ReplayOrder{})
	if err != nil || replay.Outcome != domain.ReplayUnchanged || "conversions/"+replay.Conversion != a.Conversion {
		t.Errorf("the replay: %+v, %v", replay, err)
	}
}

func TestPresetPaths(t *testing.T) {
	h := NewHandler(newUseCases(t), knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	for says, tt := range map[string]struct {
		request *http.Request
		status  int
		reason  string
	}{
		"unknown":                    {signedGet(t, "/postback/nope", "offer_id=10"), http.StatusNotFound, "UNKNOWN_PRESET"},
		"named in the query":         {signedGet(t, "/postback", "offer_id=10&preset=tune&promo_code=SALEXYZ20"), http.StatusOK, ""},
		"named in both":              {signedGet(t, "/postback/tune", "offer_id=10&preset=tune&promo_code=SALEXYZ20"), http.StatusOK, ""},
		"not signed":                 {signedGet(t, "/postback/tune", "offer_id=10&promo_code=SALEXYZ20"), http.StatusBadRequest, "UNSIGNED_PARAMETERS"},
		"another one in the query":   {signedGet(t, "/postback/tune", "offer_id=10&preset=cake"), http.StatusBadRequest, "CONFLICTING_PRESETS"},
		"a signature over our names": {get(t, "coupon_code=SALEXYZ20&offer_id=10&preset=tune&ts=1&sig=00"), http.StatusUnauthorized, partner.InvalidSignature},
	} {
		if status, a := answered(t, h, tt.request); status != tt.status || a.Reason != tt.reason {
			t.Errorf("%s: got %d %+v, want %d %s", says, status, a, tt.status, tt.reason)
		}
	}
}

// TestMethods checks what other methods are told.
func TestMethods(t *testing.T) {
	h := NewHandler(newUseCases(t), knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	for _, c := range []struct{ method, path, allow, contentType, body string }{
		{http.MethodHead, "/postback/tune?promo_code=SALEXYZ20", "GET, POST", "application/json", "METHOD_NOT_ALLOWED"},
		{http.MethodPut, "/postback", "GET, POST", "application/json", `"outcome":"REJECTED"`},
		{http.MethodPost, "/click", "GET, HEAD", "text/html; charset=utf-8", "<h1>"},
		{http.MethodDelete, "/CLICK/", "GET, HEAD", "text/html; charset=utf-8", "<h1>"},
		{http.MethodPatch, "/c/SALEXYZ20", "GET, HEAD", "text/html; charset=utf-8", "<h1>"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != c.allow || w.Header().Get("Content-Type") != c.contentType || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s %s: %d %v %s", c.method, c.path, w.Code, w.Header(), w.Body)
		}
	}
}
