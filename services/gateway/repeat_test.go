package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// The header Idempotency-Key is the request's request_id.
func TestIdempotencyKey(t *testing.T) {
	const id, path = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47", "/v1/offers/10/coupons"
	for _, tc := range []struct {
		name, path, query, body string
		keys                    []string // one, or none
		status                  int
		reason, id              string
	}{
		{name: "none", status: 200},
		{name: "a UUID", keys: []string{id}, status: 200, id: id},
		{name: "a UUID in quotes and capitals", keys: []string{`"` + strings.ToUpper(id) + `"`}, status: 200, id: id},
		{name: "another text", keys: []string{"order 1"}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "a text that is always the same UUID", keys: []string{"order-1"}, status: 200, id: "any"},
		{name: "the longest", keys: []string{strings.Repeat("~", 255)}, status: 200, id: "any"},
		{name: "too long", keys: []string{strings.Repeat("~", 256)}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "empty", keys: []string{""}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "empty in quotes", keys: []string{`""`}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "not ASCII", keys: []string{"ö"}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "the same in the request", query: "?requestId=" + id, keys: []string{id}, status: 200, id: id},
		{name: "another in the request", query: "?requestId=" + id, keys: []string{"order-1"}, status: 400, reason: "MALFORMED_IDEMPOTENCY_KEY"},
		{name: "a call that changes nothing", path: "/v1/coupons:validate", keys: []string{id}, status: 200},
		{name: "a sale, whose key is its own", path: "/v1/conversions", body: `{"couponCode": "A"}`, keys: []string{`"Order-1"`}, status: 200, id: "Order-1"},
		{name: "a stream", path: "/v1/postbacks:replay", body: `{"filter": "a"}`, keys: []string{id}, status: 200, id: id},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fake{}
			if tc.path == "" {
				tc.path = path
			}
			if tc.body == "" {
				tc.body = `{"code": "A"}`
			}
			var header []string
			for _, key := range tc.keys {
				header = append(header, "Idempotency-Key", key)
			}
			r := do(t, origin(t, f), http.MethodPost, tc.path+tc.query, tc.body, header...)
			if r.status != tc.status || r.reason() != tc.reason {
				t.Errorf("got %d %s, want %d %s", r.status, r.reason(), tc.status, tc.reason)
			}
			got := ""
			if sent, ok := f.last.(interface{ GetRequestId() string }); ok {
				got = sent.GetRequestId()
			}
			if sale, ok := f.last.(*trackingv1.RecordConversionRequest); ok {
				got = sale.GetIdempotencyKey()
			}
			if got != tc.id && (tc.id != "any" || len(got) != len(id)) {
				t.Errorf("the service was sent the id %q, want %q", got, tc.id)
			}
		})
	}
}
