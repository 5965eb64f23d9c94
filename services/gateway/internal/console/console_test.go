package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// pages are all pages that GET has.
func pages() []string {
	return []string{
		"/console/offers", "/console/offers/new", "/console/offers/10/settings", "/console/publishers", "/console/publishers/new",
		"/console/publishers/22", "/console/settings", "/console/pick/offers?q=a", "/console/pick/publishers",
	}
}

func TestNoPageWithoutSession(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{Offers: 1}, nil)
	for _, path := range pages() {
		a := b.Get(path)
		if want := "/console/login?next=" + url.QueryEscape(path); a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want 303 to %q", path, a.Status, a.Header.Get("Location"), want)
		}
		if a := b.Get(path, "HX-Request", "true"); a.Header.Get("HX-Redirect") != "/console/login" || a.Body != "" {
			t.Errorf("%s by htmx: redirect %q, body %q", path, a.Header.Get("HX-Redirect"), a.Body)
		}
	}
	for _, path := range []string{"/console/logout", "/console/logout-everywhere", "/console/theme"} {
		if a := b.Do(http.MethodPost, path, url.Values{}); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/login" {
			t.Errorf("POST %s: status %d to %q", path, a.Status, a.Header.Get("Location"))
		}
	}
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{Offers: 1}, nil)
	paths := append(pages(), "/console", "/console/", "/console/login", "/console/nothing", "/console/offers/nope/settings", "/console/assets/x/console.css", "/console/assets/x/none")
	check := func() {
		for _, path := range paths {
			policy := b.Get(path).Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: the policy %q lacks %s", path, policy, part)
				}
			}
		}
	}
	check()
	b.LogIn()
	check()
}

func TestPagesShowHostileNamesAsText(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{Offers: 2, NextToken: "t1"}, nil).LogIn()
	for _, path := range append(pages(), "/console/offers?q="+url.QueryEscape(consoletest.Hostile), "/console/offers?page=t0&back=&sort="+url.QueryEscape(consoletest.Hostile)) {
		a := b.Get(path)
		if a.Status != http.StatusOK {
			t.Errorf("%s: status %d", path, a.Status)
		}
		if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, `alert("x")`) {
			t.Errorf("%s shows a hostile name as it is:\n%s", path, a.Body)
		}
		if found := consoletest.Inline.FindString(a.Body); found != "" {
			t.Errorf("%s has %q inline", path, found)
		}
		if isWhole := !strings.HasPrefix(path, "/console/pick"); isWhole != strings.Contains(a.Body, "</html>") {
			t.Errorf("%s: a whole page: %v", path, !isWhole)
		}
	}
}

func TestErrorsBecomePages(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{status.Error(codes.Unavailable, "secret address refused"), http.StatusServiceUnavailable, "Try again"},
		{status.Error(codes.Internal, "secret"), http.StatusInternalServerError, "Something went wrong"},
		{status.Error(codes.InvalidArgument, "the filter is wrong"), http.StatusBadRequest, "The filter is wrong."},
	} {
		b := consoletest.Open(t, &consoletest.Fake{Err: c.err}, nil).LogIn()
		a := b.Get("/console/offers")
		if a.Status != c.status || !strings.Contains(a.Body, c.text) || strings.Contains(a.Body, "secret") {
			t.Errorf("%v: status %d, want %d with %q:\n%s", c.err, a.Status, c.status, c.text, a.Body)
		}
		a = b.Get("/console/offers", "HX-Request", "true", "HX-Target", "div#offers-table")
		if a.Status != http.StatusOK || a.Header.Get("HX-Reswap") != "none" || !strings.Contains(a.Body, "toast-error") || strings.Contains(a.Body, "<html") {
			t.Errorf("%v by htmx: status %d, HX-Reswap %q:\n%s", c.err, a.Status, a.Header.Get("HX-Reswap"), a.Body)
		}
	}
	a := consoletest.Open(t, &consoletest.Fake{}, nil).LogIn().Get("/console/offers/nope/settings")
	if a.Status != http.StatusNotFound || !strings.Contains(a.Body, "There is no offer like that.") {
		t.Errorf("a missing offer: status %d\n%s", a.Status, a.Body)
	}
}

func TestToastAfterRedirectIsShownOnce(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil).LogIn()
	a := b.Post("/console/offers/10/state", "state", "ARCHIVED")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/offers/10/settings" {
		t.Fatalf("status %d to %q\n%s", a.Status, a.Header.Get("Location"), a.Body)
	}
	const text, undo = "The offer is now Active.", `action="/console/offers/10/state"`
	if body := b.Get("/console/offers/10/settings").Body; !strings.Contains(body, text) || !strings.Contains(body, undo) {
		t.Errorf("no toast with Undo:\n%s", body)
	}
	if body := b.Get("/console/offers/10/settings").Body; strings.Contains(body, text) {
		t.Error("the toast is shown twice")
	}
}

func TestAssetsAreKeptUnderTheirHash(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil)
	found := regexp.MustCompile(`/console/assets/[0-9a-f]{16}/console\.css`).FindString(b.Get("/console/login").Body)
	if a := b.Get(found); a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || a.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%q: status %d, %v", found, a.Status, a.Header)
	}
	if a := b.Get("/console/assets/0000000000000000/console.css"); a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("under another hash: status %d, %v", a.Status, a.Header)
	}
}
