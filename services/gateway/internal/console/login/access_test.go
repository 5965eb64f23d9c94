package login_test

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
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestWrongKeyIsSaidBesideItsField(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil)
	for _, wrong := range []string{"", "wrong", consoletest.Key + "x", consoletest.Key[1:]} {
		a := b.Do(http.MethodPost, "/console/login", url.Values{"key": {wrong}})
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="field-key-error"`) || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: status %d, cookie %q", wrong, a.Status, a.Header.Get("Set-Cookie"))
		}
		if wrong != "" && strings.Contains(a.Body, wrong) {
			t.Errorf("the page shows the key that was typed")
		}
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	c := consoletest.NewClock()
	b := consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.Now = c.Now })
	try := func(typed string) consoletest.Answer {
		return b.Do(http.MethodPost, "/console/login", url.Values{"key": {typed}})
	}
	for range 5 {
		if a := try("wrong"); a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("status %d", a.Status)
		}
	}
	a := try("wrong")
	wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if a.Status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 15 {
		t.Fatalf("the sixth: status %d, Retry-After %q", a.Status, a.Header.Get("Retry-After"))
	}
	if a := try(consoletest.Key); a.Status != http.StatusSeeOther {
		t.Errorf("the right key: status %d", a.Status)
	}
	c.Time = c.Time.Add(time.Duration(wait) * time.Second)
	if a := try("wrong"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("after the wait: status %d", a.Status)
	}
}

// TestAttemptsAreLimitedBehindAProxy: each address has an allowance of wrong keys, and all together have one.
// The right key needs none.
func TestAttemptsAreLimitedBehindAProxy(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.Now = consoletest.NewClock().Now })
	try := func(from, typed string) int {
		return b.Do(http.MethodPost, "/console/login", url.Values{"key": {typed}}, "X-Forwarded-For", "203.0.113.99, "+from+", 198.51.100.77").Status
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
		if got := try(from, consoletest.Key); got != http.StatusSeeOther {
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
		b := consoletest.Open(t, &consoletest.Fake{}, nil)
		a := b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}, "next": {next}})
		if got := a.Header.Get("Location"); a.Status != http.StatusSeeOther || got != want {
			t.Errorf("next %q: status %d to %q, want %q", next, a.Status, got, want)
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
		b := consoletest.Open(t, &consoletest.Fake{}, c.change)
		cookie := b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}}, c.header...).Header.Get("Set-Cookie")
		path, begins := "Path=/console", "couponlink_session="
		if c.change != nil { // https is certain: browsers take the cookie from this host only
			path, begins = "Path=/;", "__Host-couponlink_session="
		}
		if !strings.HasPrefix(cookie, begins) || strings.Contains(cookie, "Domain") {
			t.Errorf("%s: %q is not named %s, or has a domain", name, cookie, begins)
		}
		for _, part := range []string{path, "HttpOnly", "SameSite=Lax", "Max-Age=43200"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%s: %q lacks %s", name, cookie, part)
			}
		}
		if strings.Contains(cookie, "; Secure") != c.isSecure {
			t.Errorf("%s: %q, want Secure %v", name, cookie, c.isSecure)
		}
	}
}

// TestLogoutOutlivesARestart keeps a cookie, logs out, and uses the cookie after a restart and on another gateway.
func TestLogoutOutlivesARestart(t *testing.T) {
	clock := consoletest.NewClock()
	file := filepath.Join(t.TempDir(), "data", "sessions")
	open := func() *consoletest.Browser {
		return consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.SessionFile, cfg.Now = file, clock.Now })
	}
	logIn := func(b *consoletest.Browser) string {
		cookie, _, _ := strings.Cut(b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}}).Header.Get("Set-Cookie"), ";")
		return cookie
	}
	first, other := open(), open()
	ended := logIn(first)
	first.Post("/console/logout")
	lasting := logIn(first)
	for name, b := range map[string]*consoletest.Browser{"the same gateway": open(), "another gateway": other, "a restarted one": open()} {
		b.Client.Jar = nil
		if a := b.Get("/console/settings", "Cookie", ended); a.Status == http.StatusOK {
			t.Errorf("%s: the cookie of a session that was logged out still works", name)
		}
		if a := b.Get("/console/settings", "Cookie", lasting); a.Status != http.StatusOK {
			t.Errorf("%s: status %d for a session that was not", name, a.Status)
		}
	}
	clock.Time = clock.Time.Add(15 * 24 * time.Hour)
	open()
	if left, err := filepath.Glob(file + ".ended.*"); err != nil || len(left) != 0 {
		t.Errorf("two weeks later there are %v (%v)", left, err)
	}
}

func isIn(b *consoletest.Browser) bool { return b.Get("/console/settings").Status == http.StatusOK }

func TestSessionEndsWithTime(t *testing.T) {
	c := consoletest.NewClock()
	b := consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.Now = c.Now }).LogIn()
	for range 16 { // 16 times 10 hours: used, it lasts, but no longer than a week
		c.Time = c.Time.Add(10 * time.Hour)
		if !isIn(b) {
			t.Fatalf("over after %v, though it was used", c.Time.Sub(consoletest.NewClock().Time))
		}
	}
	c.Time = c.Time.Add(10 * time.Hour)
	if isIn(b) {
		t.Error("a session lasts longer than a week")
	}
	b.LogIn()
	c.Time = c.Time.Add(12 * time.Hour)
	if isIn(b) {
		t.Error("an unused session lasts 12 hours")
	}
}

func TestForgedSessionsAreRefused(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil).LogIn()
	u, err := url.Parse(b.Base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	real := b.Client.Jar.Cookies(u)[0]
	for i := range len(real.Value) {
		forged := []byte(real.Value)
		forged[i] = map[bool]byte{true: 'B', false: 'A'}[forged[i] == 'A']
		if a := visitWith(b, real.Name, string(forged)); a.Status == http.StatusOK && i < len(real.Value)-1 {
			t.Errorf("a cookie with another character at %d is taken", i)
		}
	}
	for _, value := range []string{"", "x", "AAAA", strings.Repeat("A", 500)} {
		if a := visitWith(b, real.Name, value); a.Status == http.StatusOK {
			t.Errorf("the cookie %q is taken", value)
		}
	}
}

func visitWith(b *consoletest.Browser, name, value string) consoletest.Answer {
	b.T.Helper()
	other := &consoletest.Browser{T: b.T, Base: b.Base, Client: &http.Client{CheckRedirect: b.Client.CheckRedirect}}
	return other.Get("/console/settings", "Cookie", name+"="+value)
}

func TestLogout(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil).LogIn()
	u, err := url.Parse(b.Base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	copied := b.Client.Jar.Cookies(u)[0]
	if a := b.Post("/console/logout"); a.Header.Get("Location") != "/console/login?bye" {
		t.Fatalf("status %d to %q", a.Status, a.Header.Get("Location"))
	}
	if isIn(b) || visitWith(b, copied.Name, copied.Value).Status == http.StatusOK {
		t.Error("the session goes on after logging out")
	}
}

func TestLogoutEverywhereReachesOtherGatewaysAndOutlivesRestarts(t *testing.T) {
	shared := func(path string) func(*console.Config) { return func(cfg *console.Config) { cfg.SessionFile = path } }
	path := filepath.Join(t.TempDir(), "console-sessions")
	one, two := consoletest.Open(t, &consoletest.Fake{}, shared(path)).LogIn(), consoletest.Open(t, &consoletest.Fake{}, shared(path))
	two.Client.Jar = one.Client.Jar
	u, err := url.Parse(one.Base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	cookie := one.Client.Jar.Cookies(u)[0]
	if visitWith(two, cookie.Name, cookie.Value).Status != http.StatusOK {
		t.Fatal("a gateway with the same file does not know the session")
	}
	one.Post("/console/logout-everywhere")
	for name, b := range map[string]*consoletest.Browser{"this": one, "another": two, "a restarted": consoletest.Open(t, &consoletest.Fake{}, shared(path))} {
		if visitWith(b, cookie.Name, cookie.Value).Status == http.StatusOK {
			t.Errorf("%s gateway still takes the session", name)
		}
	}
	if !isIn(one.LogIn()) {
		t.Error("nobody can log in any more")
	}
}

func TestSessionsNeedTheSameAdminKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "console-sessions")
	b := consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.SessionFile = path }).LogIn()
	u, err := url.Parse(b.Base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	cookie := b.Client.Jar.Cookies(u)[0]
	changed := consoletest.Open(t, &consoletest.Fake{}, func(cfg *console.Config) { cfg.SessionFile, cfg.AdminKey = path, "another-key" })
	if visitWith(changed, cookie.Name, cookie.Value).Status == http.StatusOK {
		t.Error("a session outlives a change of the admin key")
	}
}
