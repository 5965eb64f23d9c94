package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console"
)

func TestWrongKeyIsSaidBesideItsField(t *testing.T) {
	b := open(t, &fake{}, nil)
	for _, wrong := range []string{"", "wrong", key + "x", key[1:]} {
		a := b.do(http.MethodPost, "/console/login", url.Values{"key": {wrong}})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="field-key-error"`) || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: status %d, cookie %q", wrong, a.status, a.header.Get("Set-Cookie"))
		}
		if wrong != "" && strings.Contains(a.body, wrong) {
			t.Errorf("the page shows the key that was typed")
		}
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	c := newClock()
	b := open(t, &fake{}, func(cfg *console.Config) { cfg.Now = c.Now })
	try := func(typed string) answer { return b.do(http.MethodPost, "/console/login", url.Values{"key": {typed}}) }
	for range 5 {
		if a := try("wrong"); a.status != http.StatusUnprocessableEntity {
			t.Fatalf("status %d", a.status)
		}
	}
	a := try("wrong")
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 15 {
		t.Fatalf("the sixth: status %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := try(key); a.status != http.StatusSeeOther {
		t.Errorf("the right key: status %d", a.status)
	}
	c.now = c.now.Add(time.Duration(wait) * time.Second)
	if a := try("wrong"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("after the wait: status %d", a.status)
	}
}

// TestAttemptsAreLimitedBehindAProxy: each address has an allowance of wrong keys, and all together have one.
// The right key needs none.
func TestAttemptsAreLimitedBehindAProxy(t *testing.T) {
	b := open(t, &fake{}, func(cfg *console.Config) { cfg.Now = newClock().Now })
	try := func(from, typed string) int {
		return b.do(http.MethodPost, "/console/login", url.Values{"key": {typed}}, "X-Forwarded-For", "198.51.100.77, "+from).status
	}
	for range 5 {
		try("203.0.113.1", "wrong")
	}
	if got := try("203.0.113.1", "wrong"); got != http.StatusTooManyRequests {
		t.Errorf("the sixth: status %d", got)
	}
	if got := try("203.0.113.2", "wrong"); got != http.StatusUnprocessableEntity {
		t.Errorf("another: status %d", got)
	}
	refused := 0
	for i := range 60 {
		if try(fmt.Sprintf("203.0.113.%d", 3+i), "wrong") == http.StatusTooManyRequests {
			refused++
		}
	}
	for _, from := range []string{"203.0.113.1", "203.0.113.99"} {
		if got := try(from, key); got != http.StatusSeeOther {
			t.Errorf("the right key from %s: status %d", from, got)
		}
	}
	if refused < 15 || refused > 17 {
		t.Errorf("of sixty more %d were refused, want 60 - (50 - 6)", refused)
	}
}

func TestLoginLeadsOnlyToOurPages(t *testing.T) {
	for next, want := range map[string]string{
		"/console/offers?q=a&page=b":     "/console/offers?q=a&page=b",
		"":                               "/console/",
		"//evil.example.com/console/":    "/console/",
		"https://evil.example.com/":      "/console/",
		"/\\evil.example.com/":           "/console/",
		"/console/../v1/offers":          "/console/",
		"/console/%2e%2e/v1":             "/console/",
		"javascript:alert(1)":            "/console/",
		"/v1/offers":                     "/console/",
		"/console/\r\nSet-Cookie: a=b":   "/console/",
		"http:/console/":                 "/console/",
		"//user@evil.example/console/":   "/console/",
		"/console//evil.example.com/%09": "/console/evil.example.com/%09",
	} {
		b := open(t, &fake{}, nil)
		a := b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "next": {next}})
		if got := a.header.Get("Location"); a.status != http.StatusSeeOther || got != want {
			t.Errorf("next %q: status %d to %q, want %q", next, a.status, got, want)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*console.Config)
		header   []string
		isSecure bool
	}{
		"plain":      {},
		"proxy":      {header: []string{"X-Forwarded-Proto", "https"}, isSecure: true},
		"public URL": {change: func(cfg *console.Config) { cfg.PublicURL = "https://go.example.com" }, isSecure: true},
	} {
		b := open(t, &fake{}, c.change)
		cookie := b.do(http.MethodPost, "/console/login", url.Values{"key": {key}}, c.header...).header.Get("Set-Cookie")
		for _, part := range []string{"Path=/console", "HttpOnly", "SameSite=Lax", "Max-Age=43200"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%s: %q lacks %s", name, cookie, part)
			}
		}
		if strings.Contains(cookie, "; Secure") != c.isSecure {
			t.Errorf("%s: %q, want Secure %v", name, cookie, c.isSecure)
		}
	}
}

func isIn(b *browser) bool { return b.get("/console/settings").status == http.StatusOK }

func TestSessionEndsWithTime(t *testing.T) {
	c := newClock()
	b := open(t, &fake{}, func(cfg *console.Config) { cfg.Now = c.Now }).logIn()
	for range 16 { // 16 times 10 hours: used, it lasts, but no longer than a week
		c.now = c.now.Add(10 * time.Hour)
		if !isIn(b) {
			t.Fatalf("over after %v, though it was used", c.now.Sub(newClock().now))
		}
	}
	c.now = c.now.Add(10 * time.Hour)
	if isIn(b) {
		t.Error("a session lasts longer than a week")
	}
	b.logIn()
	c.now = c.now.Add(12 * time.Hour)
	if isIn(b) {
		t.Error("an unused session lasts 12 hours")
	}
}

func TestForgedSessionsAreRefused(t *testing.T) {
	b := open(t, &fake{}, nil).logIn()
	u, err := url.Parse(b.base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	real := b.client.Jar.Cookies(u)[0]
	for i := range len(real.Value) {
		forged := []byte(real.Value)
		forged[i] = map[bool]byte{true: 'B', false: 'A'}[forged[i] == 'A']
		if a := visitWith(b, real.Name, string(forged)); a.status == http.StatusOK && i < len(real.Value)-1 {
			t.Errorf("a cookie with another character at %d is taken", i)
		}
	}
	for _, value := range []string{"", "x", "AAAA", strings.Repeat("A", 500)} {
		if a := visitWith(b, real.Name, value); a.status == http.StatusOK {
			t.Errorf("the cookie %q is taken", value)
		}
	}
}

func visitWith(b *browser, name, value string) answer {
	b.t.Helper()
	other := &browser{b.t, b.base, &http.Client{CheckRedirect: b.client.CheckRedirect}}
	return other.get("/console/settings", "Cookie", name+"="+value)
}

func TestLogout(t *testing.T) {
	b := open(t, &fake{}, nil).logIn()
	u, err := url.Parse(b.base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	copied := b.client.Jar.Cookies(u)[0]
	if a := b.post("/console/logout"); a.header.Get("Location") != "/console/login?bye" {
		t.Fatalf("status %d to %q", a.status, a.header.Get("Location"))
	}
	if isIn(b) || visitWith(b, copied.Name, copied.Value).status == http.StatusOK {
		t.Error("the session goes on after logging out")
	}
}

func TestLogoutEverywhereReachesOtherGatewaysAndOutlivesRestarts(t *testing.T) {
	shared := func(path string) func(*console.Config) { return func(cfg *console.Config) { cfg.SessionFile = path } }
	path := filepath.Join(t.TempDir(), "console-sessions")
	one, two := open(t, &fake{}, shared(path)).logIn(), open(t, &fake{}, shared(path))
	two.client.Jar = one.client.Jar
	u, err := url.Parse(one.base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	cookie := one.client.Jar.Cookies(u)[0]
	if visitWith(two, cookie.Name, cookie.Value).status != http.StatusOK {
		t.Fatal("a gateway with the same file does not know the session")
	}
	one.post("/console/logout-everywhere")
	for name, b := range map[string]*browser{"this": one, "another": two, "a restarted": open(t, &fake{}, shared(path))} {
		if visitWith(b, cookie.Name, cookie.Value).status == http.StatusOK {
			t.Errorf("%s gateway still takes the session", name)
		}
	}
	if !isIn(one.logIn()) {
		t.Error("nobody can log in any more")
	}
}

func TestSessionsNeedTheSameAdminKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "console-sessions")
	b := open(t, &fake{}, func(cfg *console.Config) { cfg.SessionFile = path }).logIn()
	u, err := url.Parse(b.base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	cookie := b.client.Jar.Cookies(u)[0]
	changed := open(t, &fake{}, func(cfg *console.Config) { cfg.SessionFile, cfg.AdminKey = path, "another-key" })
	if visitWith(changed, cookie.Name, cookie.Value).status == http.StatusOK {
		t.Error("a session outlives a change of the admin key")
	}
}

func newOfferForm() url.Values {
	return url.Values{"display_name": {"x"}, "landing_page_url": {"https://x.example.com"}}
}

func TestForeignFormsAreRefused(t *testing.T) {
	f := &fake{}
	b := open(t, f, nil).logIn()
	for name, header := range map[string][]string{
		"cross-site":     {"Sec-Fetch-Site", "cross-site"},
		"same-site":      {"Sec-Fetch-Site", "same-site"},
		"foreign origin": {"Sec-Fetch-Site", "", "Origin", "https://evil.example.com"},
		"opaque origin":  {"Sec-Fetch-Site", "", "Origin", "null"},
		"another port":   {"Sec-Fetch-Site", "", "Origin", b.base + "1"},
		"a lying origin": {"Sec-Fetch-Site", "cross-site", "Origin", b.base},
	} {
		if a := b.do(http.MethodPost, "/console/offers/new", newOfferForm(), header...); a.status != http.StatusForbidden || f.lastOffer != nil {
			t.Errorf("%s: status %d, sent %v", name, a.status, f.lastOffer)
		}
		if a := b.do(http.MethodPost, "/console/login", url.Values{"key": {key}}, header...); a.status != http.StatusForbidden {
			t.Errorf("%s: a login: status %d", name, a.status)
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
		f := &fake{}
		b := open(t, f, c.change).logIn()
		for i := range c.header {
			c.header[i] = strings.Replace(c.header[i], "ours", b.base, 1)
		}
		if a := b.do(http.MethodPost, "/console/offers/new", newOfferForm(), append(c.header, "Cookie", cookieOf(b))...); a.status != http.StatusSeeOther || f.lastOffer == nil {
			t.Errorf("%s: status %d\n%s", name, a.status, a.body)
		}
	}
}

// cookieOf returns the session's cookie, also a Secure one, which the browser of the tests keeps to itself.
func cookieOf(b *browser) string {
	b.t.Helper()
	set := b.do(http.MethodPost, "/console/login", url.Values{"key": {key}}).header.Get("Set-Cookie")
	cookie, _, _ := strings.Cut(set, ";")
	return cookie
}
