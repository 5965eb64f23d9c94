package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestRequestsHaveIDs: a response has the request's id as a header, and an error has it in its details too, for every
// source and protocol of errors. The services see the same id.
func TestRequestsHaveIDs(t *testing.T) {
	const connect = "/couponlink.coupon.v1.OfferService/GetOffer"
	for _, c := range []struct {
		says, method, path, body, key string
		err                           error
		want                          int
	}{
		{"REST", http.MethodGet, "/v1/offers/10", "", key, nil, http.StatusOK},
		{"a service's error", http.MethodGet, "/v1/offers/10", "", key, apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is none"), http.StatusNotFound},
		{"an unknown path", http.MethodGet, "/v1/nothing", "", key, nil, http.StatusNotFound},
		{"a wrong method", http.MethodDelete, "/v1/offers/10", "", key, nil, http.StatusMethodNotAllowed},
		{"no key", http.MethodGet, "/v1/offers/10", "", "wrong", nil, http.StatusUnauthorized},
		{"Connect", http.MethodPost, connect, `{}`, key, nil, http.StatusOK},
		{"a service's error over Connect", http.MethodPost, connect, `{}`, key, apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is none"), http.StatusNotFound},
		{"no key over Connect", http.MethodPost, connect, `{}`, "wrong", nil, http.StatusUnauthorized},
		{"a wrong body over Connect", http.MethodPost, connect, `{`, key, nil, http.StatusBadRequest},
	} {
		f := &fake{err: c.err}
		h := origin(t, f)
		for _, sent := range []string{"mine-1", "", "not one"} {
			req := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
			for name, value := range map[string]string{"Content-Type": "application/json", "X-Request-Id": sent, "Authorization": "Bearer " + c.key} {
				req.Header.Set(name, value)
			}
			r := httptest.NewRecorder()
			h.ServeHTTP(r, req)
			id := r.Header().Get("X-Request-Id")
			if r.Code != c.want || sent == "mine-1" && id != sent || sent != "mine-1" && uuid.Validate(id) != nil {
				t.Errorf("%s: status %d, %q becomes %q", c.says, r.Code, sent, id)
			}
			if r.Code == http.StatusOK {
				if got := f.md.Get("x-request-id"); len(got) != 1 || got[0] != id {
					t.Errorf("%s: the service sees the ids %q, want %q", c.says, got, id)
				}
			} else if got := idInError(t, r.Body.Bytes()); got != id {
				t.Errorf("%s: the error has the id %q, want %q", c.says, got, id)
			}
		}
	}
}

// idInError returns the id in an error's details, as REST and Connect have it.
func idInError(t *testing.T, body []byte) string {
	t.Helper()
	var e struct {
		Details []struct {
			Rest      string `json:"@type"`
			Connect   string `json:"type"`
			RequestID string `json:"requestId"`
			Debug     struct {
				RequestID string `json:"requestId"`
			}
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, d := range e.Details {
		switch {
		case d.Rest == "type.googleapis.com/google.rpc.RequestInfo":
			return d.RequestID
		case d.Connect == "google.rpc.RequestInfo":
			return d.Debug.RequestID
		}
	}
	return ""
}
