package partnerhttp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

const (
	keyBytes = "a key of an offer, 32 bytes long"
	form     = "application/x-www-form-urlencoded"
)

// sum is the HMAC of a content by the offer's key.
func sum(content string) []byte {
	mac := hmac.New(sha256.New, []byte(keyBytes))
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

// post is a signed POST, made some time ago.
func post(t *testing.T, query, body string, ago time.Duration) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/postback"+query, strings.NewReader(body))
	ts := strconv.FormatInt(now.Add(-ago).Unix(), 10)
	r.Header.Set("Content-Type", form)
	r.Header.Set("webhook-id", "msg_1")
	r.Header.Set("webhook-timestamp", ts)
	r.Header.Set("webhook-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(sum("msg_1."+ts+"."+body)))
	return r
}

// get is a GET of a query as it stands.
func get(t *testing.T, query string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/postback?"+query, nil)
}

// answered serves a request.
func answered(t *testing.T, h http.Handler, r *http.Request) (int, answer) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, a
}

func TestSignedPostbacks(t *testing.T) {
	const body = "coupon_code=SALEXYZ20&offer_id=10&transaction_id=A+1"
	ts := strconv.FormatInt(now.Unix(), 10)
	good := body + "&ts=" + ts + "&sig=" + hex.EncodeToString(sum(body+"&ts="+ts))
	unsigned := post(t, "", body, 0)
	unsigned.Header.Del("webhook-signature")
	inHeaders := get(t, body+"&ts="+ts)
	inHeaders.Header = post(t, "", body, 0).Header
	changed := post(t, "", body, 0)
	changed.Body = post(t, "", body+"1", 0).Body
	for says, tt := range map[string]struct {
		request *http.Request
		status  int
		reason  string
	}{
		"a POST":                                 {post(t, "", body, 0), http.StatusOK, ""},
		"a GET":                                  {get(t, good), http.StatusOK, ""},
		"a GET, its parameters in another form":  {get(t, strings.Replace("ts="+ts+"&"+strings.Replace(good, "&ts="+ts, "", 1), "A+1", "A%201", 1)), http.StatusOK, ""},
		"a POST that was changed":                {changed, http.StatusUnauthorized, partner.InvalidSignature},
		"a POST with a query that is not signed": {post(t, "?pub_id=33", body, 0), http.StatusBadRequest, "UNSIGNED_PARAMETERS"},
		"a POST signed an hour ago":              {post(t, "", body, time.Hour), http.StatusUnauthorized, partner.StaleSignature},
		"a POST without a signature":             {unsigned, http.StatusUnauthorized, "MISSING_TOKEN"},
		"a POST signed as a GET":                 {httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/postback?"+good, nil), http.StatusUnauthorized, "MISSING_TOKEN"},
		"a GET signed as a POST":                 {inHeaders, http.StatusUnauthorized, "MISSING_TOKEN"},
		"a GET with a parameter more":            {get(t, good+"&pub_id=33"), http.StatusUnauthorized, partner.InvalidSignature},
		"a GET with two signatures":              {get(t, good+"&sig=00"), http.StatusBadRequest, "DUPLICATE_PARAMETER"},
		"a token instead":                        {get(t, body+"&token=token"), http.StatusUnauthorized, partner.MissingSignature},
	} {
		status, a := answered(t, NewHandler(newUseCases(t), knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler)), tt.request)
		if status != tt.status || a.Reason != tt.reason || len(a.Warnings) != 0 || a.Message == "" {
			t.Errorf("%s: got %d %+v, want %d %s", says, status, a, tt.status, tt.reason)
		}
	}
}

func TestWrongSignaturesAreGuesses(t *testing.T) {
	h := NewHandler(newUseCases(t), knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	for i := range badTokensAtOnce {
		if status, a := answered(t, h, get(t, "offer_id=10&ts=1&sig=00")); status != http.StatusUnauthorized {
			t.Fatalf("after %d: got %d %+v", i, status, a)
		}
	}
	if status, a := answered(t, h, get(t, "offer_id=10&ts=1&sig=00")); status != http.StatusTooManyRequests {
		t.Errorf("got %d %+v, want 429", status, a)
	}
}
