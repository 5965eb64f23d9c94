package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

const couponPath = "/v1/offers/10/coupons/22.A"

func TestETag(t *testing.T) {
	f := &fake{}
	r := do(t, origin(t, f), http.MethodPatch, couponPath, `{"etag": "r1", "internalNote": "x"}`)
	if got := r.header.Get("ETag"); got != `"r1"` {
		t.Errorf("the header ETag is %q", got)
	}
	if r := do(t, origin(t, f), http.MethodGet, "/v1/offers/10/coupons", ""); r.header.Get("ETag") != "" {
		t.Errorf("a list has the ETag %q", r.header.Get("ETag"))
	}
}

func TestIfMatch(t *testing.T) {
	stale := apperr.New(apperr.Aborted, "ETAG_MISMATCH", "has changed")
	for _, tc := range []struct {
		name, method, path, body, ifMatch string
		err                               error
		status                            int
		reason, etag                      string
	}{
		{name: "goes into the resource", ifMatch: `"r1"`, status: 200, etag: "r1"},
		{name: "of any revision", ifMatch: `*`, status: 200},
		{name: "stale", ifMatch: `"r0"`, err: stale, status: 412, reason: "ETAG_MISMATCH", etag: "r0"},
		{name: "stale in the body alone", body: `{"etag": "r0"}`, err: stale, status: 409, reason: "ETAG_MISMATCH", etag: "r0"},
		{name: "weak", ifMatch: `W/"r1"`, err: stale, status: 412, reason: "ETAG_MISMATCH", etag: `W/"r1"`},
		{name: "the same in the body", body: `{"etag": "r1"}`, ifMatch: `"r1"`, status: 200, etag: "r1"},
		{name: "another in the body", body: `{"etag": "r2"}`, ifMatch: `"r1"`, status: 412, reason: "ETAG_MISMATCH"},
		{name: "several", ifMatch: `"r1", "r2"`, status: 400, reason: "MALFORMED_CONDITION"},
		{name: "no quotes", ifMatch: `r1`, status: 400, reason: "MALFORMED_CONDITION"},
		{name: "where there is no etag", method: http.MethodPost, path: "/v1/offers/10/coupons", body: `{"code": "A"}`, ifMatch: `"r1"`, status: 400, reason: "UNSUPPORTED_CONDITION"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fake{err: tc.err}
			if tc.path == "" {
				tc.method, tc.path = http.MethodPatch, couponPath
			}
			if tc.body == "" {
				tc.body = `{"internalNote": "x"}`
			}
			var header []string
			if tc.ifMatch != "" {
				header = []string{"If-Match", tc.ifMatch}
			}
			r := do(t, origin(t, f), tc.method, tc.path, tc.body, header...)
			if r.status != tc.status || r.reason() != tc.reason {
				t.Errorf("got %d %s, want %d %s", r.status, r.reason(), tc.status, tc.reason)
			}
			update, _ := f.last.(*couponv1.UpdateCouponRequest)
			if got := update.GetCoupon().GetEtag(); got != tc.etag {
				t.Errorf("the service was sent the etag %q, want %q", got, tc.etag)
			}
		})
	}
}

// Without updateMask, a PATCH is a JSON merge patch.
func TestPatchMerges(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                                 "",
		`{"settings": {}}`:                   "",
		`{"settings": {}, "enabled": false}`: "enabled",
		`{"settings": null}`:                 "settings",
		`{"settings": {"clickWindow": "60s", "precedence": null}}`: "settings.click_window,settings.precedence",
		`{"payout": {"cap": {}}}`:                                  "",
		`{"expireTime": null}`:                                     "expire_time",
		`{"settings": {"clickWindow": "0s"}}`:                      "settings.click_window",
	} {
		f := &fake{}
		r := do(t, origin(t, f), http.MethodPatch, couponPath, body)
		update, _ := f.last.(*couponv1.UpdateCouponRequest)
		if got := strings.Join(update.GetUpdateMask().GetPaths(), ","); r.status != http.StatusOK || got != want {
			t.Errorf("%s: got %d with the mask %q, want %q", body, r.status, got, want)
		}
	}
	f := &fake{}
	if r := do(t, origin(t, f), http.MethodPatch, couponPath+"?updateMask=", `{"enabled": false}`); r.status != http.StatusOK {
		t.Errorf("an empty mask: %+v", r)
	}
	do(t, origin(t, f), http.MethodPatch, couponPath+"?updateMask=settings", `{"settings": {}}`)
	update, _ := f.last.(*couponv1.UpdateCouponRequest)
	if got := update.GetUpdateMask().GetPaths(); len(got) != 1 || got[0] != "settings" {
		t.Errorf("with a mask of its own, %q went on", got)
	}
}
