package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func newOfferForm() url.Values {
	return url.Values{"display_name": {"x"}, "landing_page_url": {"https://x.example.com"}}
}

func TestForeignFormsAreRefused(t *testing.T) {
	f := &consoletest.Fake{}
	b := consoletest.Open(t, f, nil).LogIn()
	for name, header := range map[string][]string{
		"cross-site":     {"Sec-Fetch-Site", "cross-site"},
		"same-site":      {"Sec-Fetch-Site", "same-site"},
		"foreign origin": {"Sec-Fetch-Site", "", "Origin", "https://evil.example.com"},
		"opaque origin":  {"Sec-Fetch-Site", "", "Origin", "null"},
		"another port":   {"Sec-Fetch-Site", "", "Origin", b.Base + "1"},
		"a lying origin": {"Sec-Fetch-Site", "cross-site", "Origin", b.Base},
	} {
		if a := b.Do(http.MethodPost, "/console/offers/new", newOfferForm(), header...); a.Status != http.StatusForbidden || f.LastOffer != nil {
			t.Errorf("%s: status %d, sent %v", name, a.Status, f.LastOffer)
		}
		if a := b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}}, header...); a.Status != http.StatusForbidden {
			t.Errorf("%s: a login: status %d", name, a.Status)
		}
	}
}

func TestOurOwnFormsAreTaken(t *testing.T) {
	public := func(cfg *console.Config) { cfg.PublicURL = "https://go.example.com/" }
	for name, c := range map[string]struct {
		change func(*console.Config)
		header []string
	}{
		"our page":                      {header: []string{"Sec-Fetch-Site", "same-origin"}},
		"a page without a referrer":     {header: []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}},
		"an old browser":                {header: []string{"Sec-Fetch-Site", "", "Origin", "ours"}},
		"a browser that says nothing":   {header: []string{"Sec-Fetch-Site", ""}},
		"an old browser behind a proxy": {public, []string{"Sec-Fetch-Site", "", "Origin", "https://go.example.com"}},
		"our page behind a proxy":       {public, []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://go.example.com"}},
		"by the address behind a proxy": {public, []string{"Sec-Fetch-Site", "", "Origin", "ours"}},
	} {
		f := &consoletest.Fake{}
		b := consoletest.Open(t, f, c.change).LogIn()
		for i := range c.header {
			c.header[i] = strings.Replace(c.header[i], "ours", b.Base, 1)
		}
		if a := b.Do(http.MethodPost, "/console/offers/new", newOfferForm(), append(c.header, "Cookie", cookieOf(b))...); a.Status != http.StatusSeeOther || f.LastOffer == nil {
			t.Errorf("%s: status %d\n%s", name, a.Status, a.Body)
		}
	}
}

// cookieOf returns the session's cookie, also a Secure one, which the browser of the tests keeps to itself.
func cookieOf(b *consoletest.Browser) string {
	b.T.Helper()
	set := b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}}).Header.Get("Set-Cookie")
	cookie, _, _ := strings.Cut(set, ";")
	return cookie
}
