package partnerhttp

import (
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/shopperpage"
)

// TestShopperPages: a page says what to do in plain words. It loads nothing, and shows nothing from the
// address.
func TestShopperPages(t *testing.T) {
	pages := shopperpage.New()
	titles := map[string]bool{}
	for _, tt := range []struct {
		fault  error
		status int
	}{
		{apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer \"<b>\""), 404},
		{apperr.New(apperr.NotFound, "CODE_NOT_FOUND", "no coupon has the code \"<b>\""), 404},
		{apperr.New(apperr.NotFound, "CODE_SHARED", "the code \"<b>\" belongs to several coupons"), 404},
		{apperr.Invalid("INVALID_OFFER_ID", "offer_id", "is missing <b>"), 404},
		{apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "<b>"), 503},
		{errors.New("<b>"), 503},
	} {
		w := httptest.NewRecorder()
		serveShopper(pages, w, httptest.NewRequest("GET", "/click", nil), tt.fault)
		body, header := w.Body.String(), w.Header()
		if w.Code != tt.status || header.Get("Content-Type") != "text/html; charset=utf-8" || (w.Code == 503) != (header.Get("Retry-After") != "") {
			t.Errorf("%v: %d, %v", tt.fault, w.Code, header)
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%v: the policy is %s", tt.fault, policy)
		}
		for _, part := range []string{"<html lang=\"en\">", "name=\"viewport\"", "prefers-color-scheme: dark", "<h1>", "<li>"} {
			if !strings.Contains(body, part) {
				t.Errorf("%v: no %s in\n%s", tt.fault, part, body)
			}
		}
		text := regexp.MustCompile(`(?s)<head>.*</head>|<[^>]*>`).ReplaceAllString(body, " ")
		if jargon := regexp.MustCompile(`(?i)offer_id|coupon_code|pub_id|parameter|publisher|coupon|tracking|couponlink|[A-Z]+_[A-Z]+|<b>|&lt;b`).FindString(text); jargon != "" {
			t.Errorf("%v: a shopper reads %q in\n%s", tt.fault, jargon, text)
		}
		titles[regexp.MustCompile(`<title>(.*)</title>`).FindString(body)] = true
	}
	if len(titles) != 4 {
		t.Errorf("%d pages, want 4: %v", len(titles), titles)
	}
}
