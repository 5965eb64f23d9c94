package redirect_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func TestStandsIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url, value string
		want       bool
	}{
		{"https://a/?c=SALE20", "SALE20", true},
		{"https://a/?c=sale20", "SALE20", true},
		{"https://a/SALE20/x", "sale20", true},
		{"https://a/#SALE20", "SALE20", true},
		{"https://a?SALE20", "SALE20", true},
		{"https://sale20/", "sale20", false},
		{"https://sale20", "sale20", false},
		{"https://a/?p=2022", "22", false},
		{"https://a/?p=2022&q=22", "22", true},
		{"https://a/?u=https%3A%2F%2Fb%2F%3Fp%3D22", "22", true},
		{"https://a/?u=https%253A%252F%252Fb%252F%253Fp%253D22%2526x", "22", true},
		{"https://a/?p=a+b", "a b", true},
		{"https://a/?p=a%20b", "a b", true},
		{"https://a/?p=%C3%BC", "ü", true},
		{"https://a/?p=100%", "100", true},
		{"https://a/?p=100%&q=a%20b", "a b", false}, // no browser could read it either
	} {
		if got := redirect.StandsIn(tt.url, tt.value); got != tt.want {
			t.Errorf("%q in %s: got %v", tt.value, tt.url, got)
		}
	}
}

// TestWhatIsEncodedStandsIn: however often a value is wrapped into another URL.
func TestWhatIsEncodedStandsIn(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9 =&/?ü.-]{0,20}[A-Za-z0-9])?`).Draw(t, "value")
		link := "https://shop.example.com/p?x=" + url.QueryEscape(value)
		for range rapid.IntRange(0, 2).Draw(t, "wraps") {
			link = "https://r.example.com/?to=" + url.QueryEscape(link)
		}
		if !redirect.StandsIn(link, value) {
			t.Fatalf("%q is in %s", value, link)
		}
	})
}

func TestParseScanURL(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "shop", "/click?offer_id=1", "ftp://a/", "javascript:alert(1)", "https://", "https:///x", "https://u:p@a/", "http://%zz/", "http://a/" + strings.Repeat("x", 9000)} {
		if _, err := redirect.ParseScanURL(text); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_URL" {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if u, err := redirect.ParseScanURL(" HTTPS://Go.example.com/c/SALE20 "); err != nil || u.String() != "https://Go.example.com/c/SALE20" {
		t.Errorf("got %v, %v", u, err)
	}
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for other, want := range map[string]bool{
		"https://go.example.com/x":      true,
		"http://GO.example.com.":        true,
		"http://go.example.com:80/":     true,
		"https://go.example.com:443":    true,
		"https://go.example.com:8443":   false,
		"https://example.com":           false,
		"https://go.example.com.evil.x": false,
	} {
		a, errA := url.Parse("https://go.example.com")
		b, errB := url.Parse(other)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := redirect.SameSite(a, b); got != want {
			t.Errorf("%s: got %v", other, got)
		}
	}
}

var sale = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// scanned is a link without fault, whose click goes to a page by one redirector.
func scanned() (*redirect.ScannedLink, []redirect.Hop) {
	link := &redirect.ScannedLink{Offer: "10", OfferActive: true, PublisherApproved: true, Click: domain.Click{
		ID: "c1", Offer: "10", Publisher: "22", CouponCode: "SALE20", Coupon: "offers/10/coupons/22.SALE20",
	}}
	return link, []redirect.Hop{
		{URL: "https://go.example.com/click?coupon_code=SALE20", Own: true, HTTPStatus: 302, Kind: redirect.HTTPHop},
		{URL: "https://r.example.com/?a=c1&b=SALE20", HTTPStatus: 301, Kind: redirect.HTTPHop, Latency: 500 * time.Millisecond},
		{URL: "https://shop.example.com/?a=c1&b=SALE20", HTTPStatus: 200, Latency: time.Minute, CertificateExpireTime: sale.AddDate(0, 0, 14)},
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	reason := func(r domain.Reason) func(*redirect.ScannedLink, []redirect.Hop) {
		return func(l *redirect.ScannedLink, _ []redirect.Hop) { l.Click.Reason = r }
	}
	last := func(change func(*redirect.Hop)) func(*redirect.ScannedLink, []redirect.Hop) {
		return func(_ *redirect.ScannedLink, h []redirect.Hop) { change(&h[2]) }
	}
	fault := func(f string) func(*redirect.ScannedLink, []redirect.Hop) {
		return last(func(h *redirect.Hop) { h.Fault, h.Error = f, "it is so" })
	}
	for _, tt := range []struct {
		says   string
		change func(*redirect.ScannedLink, []redirect.Hop)
		want   string
	}{
		{"nothing", func(*redirect.ScannedLink, []redirect.Hop) {}, ""},
		{"inactive", func(l *redirect.ScannedLink, _ []redirect.Hop) { l.OfferActive = false }, "ERROR OFFER_INACTIVE 1"},
		{"not approved", func(l *redirect.ScannedLink, _ []redirect.Hop) { l.PublisherApproved = false }, "ERROR PUBLISHER_NOT_APPROVED 1"},
		{"unknown", reason(domain.UnknownCode), "ERROR CODE_UNKNOWN 1"},
		{"shared", reason(domain.AmbiguousCode), "ERROR CODE_SHARED 1"},
		{"expired", reason(domain.Expired), "ERROR COUPON_EXPIRED 1"},
		{"not started", reason(domain.NotStarted), "ERROR COUPON_NOT_STARTED 1"},
		{"disabled", reason(domain.Disabled), "ERROR COUPON_DISABLED 1"},
		{"nobody", func(l *redirect.ScannedLink, _ []redirect.Hop) {
			l.Click = domain.Click{ID: "c1", Reason: domain.NoReference}
		}, "ERROR NO_PUBLISHER 1"},
		{"the redirector drops the click", last(func(h *redirect.Hop) { h.URL = "https://shop.example.com/?b=sale20" }), "ERROR CLICK_ID_LOST 2"},
		{"the redirector drops the code", last(func(h *redirect.Hop) { h.URL = "https://shop.example.com/?a=c1" }), "WARNING CODE_LOST 2"},
		{"the template lacks both", func(_ *redirect.ScannedLink, h []redirect.Hop) {
			h[1].URL, h[2].URL = "https://r.example.com/", "https://shop.example.com/"
		}, "ERROR CLICK_ID_LOST 1, WARNING CODE_LOST 1"},
		{"a code that earns nothing is not missed", func(l *redirect.ScannedLink, h []redirect.Hop) {
			l.Click.Reason, h[2].URL = domain.Expired, "https://shop.example.com/?a=c1"
		}, "ERROR COUPON_EXPIRED 1"},
		{"http", last(func(h *redirect.Hop) { h.URL = "http://shop.example.com/?a=c1&b=SALE20" }), "WARNING NOT_HTTPS 3"},
		{"404", last(func(h *redirect.Hop) { h.HTTPStatus = 404 }), "ERROR HTTP_ERROR 3"},
		{"403", last(func(h *redirect.Hop) { h.HTTPStatus = 403 }), "ERROR HTTP_ERROR 3"},
		{"503", last(func(h *redirect.Hop) { h.HTTPStatus = 503 }), "ERROR HTTP_ERROR 3"},
		{"slow", func(_ *redirect.ScannedLink, h []redirect.Hop) { h[1].Latency++ }, "WARNING SLOW_HOP 2"},
		{"script", last(func(h *redirect.Hop) { h.Kind, h.Latency = redirect.ScriptHop, 0 }), "WARNING SCRIPT_REDIRECT 3"},
		{"refresh", last(func(h *redirect.Hop) { h.Kind, h.Latency = redirect.MetaRefresh, 0 }), "WARNING META_REFRESH 3"},
		{"certificate", last(func(h *redirect.Hop) { h.CertificateExpireTime = sale.AddDate(0, 0, 13) }), "WARNING CERTIFICATE_EXPIRES 3"},
		{"app", fault(redirect.FaultAppLink), "WARNING APP_LINK 3"},
		{"several, the worst first", func(_ *redirect.ScannedLink, h []redirect.Hop) {
			h[1].Latency, h[2].HTTPStatus = time.Second, 500
		}, "ERROR HTTP_ERROR 3, WARNING SLOW_HOP 2"},
		{"blocked", fault(redirect.FaultBlocked), "ERROR BLOCKED_ADDRESS 3"},
		{"certificate not valid", fault(redirect.FaultCertificate), "ERROR CERTIFICATE_INVALID 3"},
		{"no answer", fault(redirect.FaultNoAnswer), "ERROR NO_ANSWER 3"},
		{"loop", fault(redirect.FaultLoop), "ERROR LOOP 3"},
		{"too many", fault(redirect.FaultTooManyHops), "ERROR TOO_MANY_HOPS 3"},
		{"bad redirect", fault(redirect.FaultBadRedirect), "ERROR BAD_REDIRECT 3"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			t.Parallel()
			link, hops := scanned()
			tt.change(link, hops)
			problems := redirect.NewScan(link, hops).FindProblems(sale)
			if got := written(problems); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			for _, p := range problems {
				if p.Message == "" || p.Fix == "" || !strings.HasSuffix(p.Message, ".") || !strings.HasSuffix(p.Fix, ".") {
					t.Errorf("%+v is not said in words", p)
				}
			}
		})
	}
}

// A value in the final URL has arrived only if a page answered there.
func TestArrival(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		says   string
		change func(*redirect.Hop)
		want   bool
	}{
		{"a page", func(*redirect.Hop) {}, true},
		{"the host does not exist", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 0, redirect.FaultNoAnswer }, false},
		{"inside the network", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 0, redirect.FaultBlocked }, false},
		{"a certificate of another", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 0, redirect.FaultCertificate }, false},
		{"a circle", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 302, redirect.FaultLoop }, false},
		{"no end", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 302, redirect.FaultTooManyHops }, false},
		{"a redirect to nowhere", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 302, redirect.FaultBadRedirect }, false},
		{"no such page", func(h *redirect.Hop) { h.HTTPStatus = 404 }, false},
		{"a page that is gone", func(h *redirect.Hop) { h.HTTPStatus = 410 }, false},
		{"the shop is down", func(h *redirect.Hop) { h.HTTPStatus = 503 }, false},
		{"programs are kept out", func(h *redirect.Hop) { h.HTTPStatus = 403 }, true},
		{"an app", func(h *redirect.Hop) { h.HTTPStatus, h.Fault = 302, redirect.FaultAppLink }, true},
	} {
		link, hops := scanned()
		tt.change(&hops[2])
		scan := redirect.NewScan(link, hops)
		if scan.ClickIDArrived != tt.want || scan.CodeArrived != tt.want || !scan.Hops[2].Parameters[0].Present {
			t.Errorf("%s: %+v", tt.says, scan)
		}
	}
	link, hops := scanned()
	hops[2].HTTPStatus, hops[2].Fault, hops[2].URL = 0, redirect.FaultNoAnswer, "https://nowhere.example.com/"
	if got := written(redirect.NewScan(link, hops).FindProblems(sale)); got != "ERROR CLICK_ID_LOST 2, ERROR NO_ANSWER 3, WARNING CODE_LOST 2" {
		t.Errorf("what is lost on the way to a host that does not exist: %s", got)
	}
}

func written(problems []redirect.Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, string(p.Severity)+" "+p.Reason+" "+string(rune('0'+p.Hop)))
	}
	return strings.Join(all, ", ")
}

func TestParametersOfHops(t *testing.T) {
	t.Parallel()
	link, hops := scanned()
	hops[2].URL = "https://shop.example.com/?p=22&b=SALE20"
	scan := redirect.NewScan(link, hops)
	if scan.ClickIDArrived || !scan.CodeArrived || scan.FinalURL != hops[2].URL {
		t.Errorf("got %+v", scan)
	}
	want := []redirect.HopParameter{{"click_id", false}, {"coupon_code", true}, {"pub_id", true}}
	if got := scan.Hops[2].Parameters; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if foreign := redirect.NewScan(nil, hops[2:]); foreign.ClickIDArrived || foreign.CodeArrived || len(foreign.FindProblems(sale)) != 0 {
		t.Errorf("a link that is not ours: %+v", foreign)
	}
}
