package gateway_test

import (
	"net/http"
	"testing"
	"time"
)

// TestCallsToServicesHaveADeadline: a caller that sets no deadline does not wait for ever, and its own is kept.
func TestCallsToServicesHaveADeadline(t *testing.T) {
	f := &fake{}
	h := origin(t, f)
	for _, c := range []struct {
		says, method, path, body string
		header                   []string
		most                     time.Duration
	}{
		{"REST", http.MethodGet, "/v1/offers/10", "", nil, time.Minute},
		{"REST with a deadline", http.MethodGet, "/v1/offers/10", "", []string{"Grpc-Timeout", "3S"}, 3 * time.Second},
		{"Connect", http.MethodPost, "/couponlink.coupon.v1.OfferService/GetOffer", `{"name": "offers/10"}`, []string{"Content-Type", "application/json"}, time.Minute},
		{"Connect with a deadline", http.MethodPost, "/couponlink.coupon.v1.OfferService/GetOffer", `{"name": "offers/10"}`, []string{"Content-Type", "application/json", "Connect-Timeout-Ms", "3000"}, 3 * time.Second},
	} {
		r := do(t, h, c.method, c.path, c.body, c.header...)
		if r.status != http.StatusOK || f.left <= 0 || f.left > c.most {
			t.Errorf("%s: status %d, the service has %s, want at most %s", c.says, r.status, f.left, c.most)
		}
	}
}
