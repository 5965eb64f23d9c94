package scan_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// TestChains follows each kind of page. A chain is written as the path and kind of each hop.
func TestChains(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := newFollower(t, local)
	for link, want := range map[string]string{
		"/end":          "/end",
		"/301":          "/301 HTTP, /302 HTTP, /303 HTTP, /307?a=b#part HTTP, /308#part HTTP, /end#part",
		"/loop":         "/loop HTTP, /loop2 HTTP LOOP: it leads back to hop 1, with the same cookies",
		"/count/9":      "/count/9 HTTP, /count/8 HTTP, /count/7 HTTP, /count/6 HTTP, /count/5 HTTP, /count/4 HTTP, /count/3 HTTP, /count/2 HTTP, /count/1 HTTP, /count/0",
		"/count/10":     "/count/10 HTTP, /count/9 HTTP, /count/8 HTTP, /count/7 HTTP, /count/6 HTTP, /count/5 HTTP, /count/4 HTTP, /count/3 HTTP, /count/2 HTTP, /count/1 HTTP TOO_MANY_HOPS: it leads on, after 10 hops",
		"/nowhere":      "/nowhere BAD_REDIRECT: it answered 302 and not where to",
		"/not-modified": "/not-modified",
		"/app":          "/app HTTP APP_LINK: it leads to an app, or to something else that is no web page: itms-apps:",
		"/odd":          "/odd BAD_REDIRECT: it redirects to something that is not a URL",
		"/hostless":     "/hostless HTTP BAD_REDIRECT: it leads to a URL without a host",
		"/cookie":       "/cookie HTTP, /cookie",
		"/missing":      "/missing",
		"/reset":        "/reset NO_ANSWER: the host closed the connection without an answer",
		"/slow":         "/slow NO_ANSWER: there was no answer in time",
		"/endless":      "/endless",
		"/drip":         "/drip",
		"/header":       "/header META_REFRESH, /end",
		"/meta":         "/meta META_REFRESH, /end?a=1&b=2",
		"/noscript":     "/noscript",
		"/comment":      "/comment",
		"/reload":       "/reload",
		"/script":       "/script SCRIPT",
		"/script-meta":  "/script-meta META_REFRESH, /end",
	} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			hops := follow(t, f, w.URL+link, redirect.Visitor{Language: "en"}, foreign)
			if got := chainText(w.URL, hops); got != want {
				t.Errorf("\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

// chainText writes hops down.
func chainText(base string, hops []redirect.Hop) string {
	var words []string
	for _, hop := range hops {
		word := strings.TrimPrefix(hop.URL, base)
		if hop.Kind != redirect.NoHop {
			word += " " + string(hop.Kind)
		}
		if hop.Fault != "" {
			word += " " + hop.Fault + ": " + hop.Error
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestAHop(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := newFollower(t, local)
	hops := follow(t, f, w.URL+"/cookie", redirect.Visitor{Language: "en"}, foreign)
	if h := hops[0]; h.HTTPStatus != 302 || h.Location != w.URL+"/cookie" || !slices.Equal(h.Cookies, []string{"seen"}) || h.Latency <= 0 || h.Own {
		t.Errorf("got %+v", h)
	}
	if h := hops[1]; h.HTTPStatus != 200 || h.Location != "" || h.Cookies != nil {
		t.Errorf("got %+v", h)
	}
	if h := follow(t, f, w.URL+"/missing", redirect.Visitor{}, foreign)[0]; h.HTTPStatus != 404 {
		t.Errorf("got %+v", h)
	}
	if h := follow(t, f, w.URL+"/script", redirect.Visitor{}, foreign)[0]; h.Location != "/end?x" {
		t.Errorf("got %+v", h)
	}
	if got := follow(t, f, w.URL+"/other-cookie", redirect.Visitor{}, foreign); len(got) != 10 || got[9].Fault != redirect.FaultTooManyHops {
		t.Errorf("a page that counts in a cookie: %s", chainText(w.URL, got))
	}
}

func TestTheVisitor(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := newFollower(t, local)
	for want, visitor := range map[string]redirect.Visitor{
		"/end?desktop&en":      {Language: "en"},
		"/end?phone&de,en;q=1": {Phone: true, Language: "de,en;q=1"},
	} {
		if hops := follow(t, f, w.URL+"/visitor", visitor, foreign); hops[0].Location != w.URL+want {
			t.Errorf("got %s, want %s", hops[0].Location, want)
		}
	}
}

// TestInside: what is inside the network is not called, whatever leads there.
func TestInside(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := newFollower(t, "")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	toWeb := func(_ context.Context, u *url.URL) (*redirect.Hop, error) {
		if u.Host != "go.example.com" {
			return nil, nil
		}
		return &redirect.Hop{URL: u.String(), Own: true, HTTPStatus: 302, Kind: redirect.HTTPHop, Location: w.URL + "/end"}, nil
	}
	for _, link := range []string{w.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://10.0.0.1/", "http://169.254.169.254/latest", "https://go.example.com/click"} {
		why := "COUPONLINK_ALLOWED_PRIVATE_HOSTS"
		if strings.Contains(link, "169.254") {
			why = "a cloud's metadata address"
		}
		hops := follow(t, f, link, redirect.Visitor{}, toWeb)
		if last := hops[len(hops)-1]; last.Fault != redirect.FaultBlocked || last.HTTPStatus != 0 || !strings.Contains(last.Error, why) {
			t.Errorf("%s: got %+v", link, last)
		}
	}
	if n := w.calls.Load(); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// TestOurOwnIsNotCalled: also where others lead to it.
func TestOurOwnIsNotCalled(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	own := func(_ context.Context, u *url.URL) (*redirect.Hop, error) {
		if u.Path != "/303" {
			return nil, nil
		}
		return &redirect.Hop{URL: u.String(), Own: true, HTTPStatus: 302, Kind: redirect.HTTPHop, Location: w.URL + "/end"}, nil
	}
	hops := follow(t, newFollower(t, local), w.URL+"/302", redirect.Visitor{}, own)
	if got := chainText(w.URL, hops); got != "/302 HTTP, /303 HTTP, /end" || !hops[1].Own || w.calls.Load() != 2 {
		t.Errorf("got %s, %d calls", got, w.calls.Load())
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	away := errors.New("away")
	_, err = newFollower(t, local).Follow(t.Context(), u, redirect.Visitor{}, func(context.Context, *url.URL) (*redirect.Hop, error) { return nil, away }, nobody)
	if !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	expires := s.Certificate().NotAfter
	h := follow(t, newFollower(t, local), s.URL, redirect.Visitor{}, foreign)[0]
	if h.Fault != redirect.FaultCertificate || !h.CertificateExpireTime.Equal(expires) {
		t.Errorf("one that nobody signed: %+v", h)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	h = follow(t, newFollower(t, local, outbound.WithRootCAs(roots)), s.URL, redirect.Visitor{}, foreign)[0]
	if h.Fault != "" || !h.CertificateExpireTime.Equal(expires) {
		t.Errorf("one that is trusted: %+v", h)
	}
}

// TestAScanEnds: however slow the pages are, a scan has its time.
func TestAScanEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/"}
	if _, err := newFollower(t, local).Follow(ctx, u, redirect.Visitor{}, foreign, nobody); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller has gone: %v", err)
	}
	w := newWeb(t)
	start := time.Now()
	hops := follow(t, newFollower(t, local), w.URL+"/dawdle/9", redirect.Visitor{}, foreign)
	if last := hops[len(hops)-1]; len(hops) > 6 || last.Fault != redirect.FaultNoAnswer || time.Since(start) > 5*time.Second {
		t.Errorf("slow pages: got %s in %v", chainText(w.URL, hops), time.Since(start))
	}
}
