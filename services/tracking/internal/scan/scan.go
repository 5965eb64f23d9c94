// Package scan follows links as a visitor would, one redirect after the other: it calls others' pages
// and says what each answered.
//
// The tracking service's wiring imports it; it knows app and domain, and neither stores nor protos.
package scan

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// Limits of a scan.
const (
	maxHops      = 10
	hopTimeout   = 10 * time.Second
	scanTimeout  = 30 * time.Second
	maxBodyBytes = 512 << 10
	// maxCookies bounds the names of cookies that are shown of a hop.
	maxCookies = 50
)

// What browsers call themselves.
const (
	desktopAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	phoneAgent   = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)

// Config is what a Follower works with.
type Config struct {
	// Client makes the calls; it must follow no redirects and keep no cookies, and guard what it dials.
	Client *http.Client
	Now    func() time.Time
	// HopTimeout is how long one page may take, and Timeout a scan; zero: 10 and 30 seconds.
	HopTimeout time.Duration
	Timeout    time.Duration
}

// Follower implements app.Follower.
type Follower struct {
	client              *http.Client
	now                 func() time.Time
	hopTimeout, timeout time.Duration
}

// New returns a Follower.
func New(c Config) *Follower {
	f := &Follower{client: c.Client, now: c.Now, hopTimeout: c.HopTimeout, timeout: c.Timeout}
	if f.hopTimeout == 0 {
		f.hopTimeout = hopTimeout
	}
	if f.timeout == 0 {
		f.timeout = scanTimeout
	}
	return f
}

// way is a way that is being gone.
type way struct {
	*Follower
	visitor redirect.Visitor
	own     redirect.Own
	jar     http.CookieJar
	hops    []redirect.Hop
	// seen holds the number of the hop at which a URL was called with the same cookies.
	seen map[string]int
}

// Follow implements app.Follower.
func (f *Follower) Follow(ctx context.Context, link *url.URL, visitor redirect.Visitor, own redirect.Own, gone func(redirect.Hop)) ([]redirect.Hop, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, fmt.Errorf("making a cookie jar: %w", err)
	}
	calls, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w := &way{Follower: f, visitor: visitor, own: own, jar: jar, seen: map[string]int{}}
	for next := link; next != nil; {
		if next, err = w.step(ctx, calls, next); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("following a link: %w", err) // nobody waits for it any more
		}
		gone(w.hops[len(w.hops)-1])
	}
	return w.hops, nil
}

// step goes one hop, and returns where the visitor goes next; nil: nowhere. Calls of others' pages have
// the time of calls; our own part has that of ctx, however long the others took.
func (w *way) step(ctx, calls context.Context, u *url.URL) (*url.URL, error) {
	w.seen[w.state(u)] = len(w.hops) + 1
	hop, err := w.own(ctx, u)
	if err != nil {
		return nil, err
	}
	if hop == nil {
		called := w.call(calls, u)
		hop = &called
	}
	next := w.next(u, hop)
	w.hops = append(w.hops, *hop)
	return next, nil
}

// next returns where a hop sends the visitor, or writes into the hop why not there.
func (w *way) next(from *url.URL, hop *redirect.Hop) *url.URL {
	if hop.Location == "" || hop.Kind == redirect.ScriptHop || hop.Fault != "" {
		return nil
	}
	next, err := from.Parse(hop.Location)
	if err != nil {
		hop.Fault, hop.Error = redirect.FaultBadRedirect, "it leads to something that is no URL"
		return nil
	}
	if next.Fragment == "" {
		next.Fragment, next.RawFragment = from.Fragment, from.RawFragment // as browsers do
	}
	hop.Location = next.String()
	switch {
	case next.Scheme != "http" && next.Scheme != "https":
		hop.Fault, hop.Error = redirect.FaultAppLink, "it leads to an app, or to something else that is no web page: "+clip(next.Scheme)+":"
	case next.Hostname() == "":
		hop.Fault, hop.Error = redirect.FaultBadRedirect, "it leads to a URL without a host"
	case w.seen[w.state(next)] > 0:
		hop.Fault, hop.Error = redirect.FaultLoop, fmt.Sprintf("it leads back to hop %d, with the same cookies", w.seen[w.state(next)])
	case len(w.hops)+1 == maxHops:
		hop.Fault, hop.Error = redirect.FaultTooManyHops, fmt.Sprintf("it leads on, after %d hops", maxHops)
	default:
		return next
	}
	return nil
}

// state is by what a page can tell one call from another: a page that sets a cookie and leads to itself
// makes no loop.
func (w *way) state(u *url.URL) string {
	bare := *u
	bare.Fragment, bare.RawFragment = "", ""
	var state strings.Builder
	state.WriteString(bare.String())
	for _, cookie := range w.jar.Cookies(&bare) {
		state.WriteString("\n" + cookie.String())
	}
	return state.String()
}

// call calls a URL as a browser would.
func (w *way) call(ctx context.Context, u *url.URL) redirect.Hop {
	hop := redirect.Hop{URL: u.String()}
	ctx, cancel := context.WithTimeout(ctx, w.hopTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, hop.URL, nil)
	if err != nil {
		hop.Fault, hop.Error = redirect.FaultNoAnswer, "it is a URL that cannot be called"
		return hop
	}
	w.dress(req)
	start := w.now()
	resp, err := w.client.Do(req)
	hop.Latency = max(w.now().Sub(start), 0).Truncate(time.Microsecond)
	if err != nil {
		hop.Fault, hop.Error, hop.CertificateExpireTime = failure(err)
		return hop
	}
	defer resp.Body.Close()
	hop.HTTPStatus = resp.StatusCode
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		hop.CertificateExpireTime = resp.TLS.PeerCertificates[0].NotAfter
	}
	w.keepCookies(u, resp, &hop)
	w.direct(resp, &hop)
	return hop
}

// dress gives a request the headers of the visitor's browser.
func (w *way) dress(req *http.Request) {
	agent := desktopAgent
	if w.visitor.Phone {
		agent = phoneAgent
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", w.visitor.Language)
	for _, cookie := range w.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
}

func (w *way) keepCookies(u *url.URL, resp *http.Response, hop *redirect.Hop) {
	cookies := resp.Cookies()
	w.jar.SetCookies(u, cookies)
	for _, cookie := range cookies[:min(len(cookies), maxCookies)] {
		hop.Cookies = append(hop.Cookies, clip(cookie.Name))
	}
}

// direct writes into a hop where its answer sends the visitor.
func (w *way) direct(resp *http.Response, hop *redirect.Hop) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		hop.Kind, hop.Location = redirect.HTTPHop, strings.TrimSpace(resp.Header.Get("Location"))
		if hop.Location == "" {
			hop.Kind, hop.Fault, hop.Error = redirect.NoHop, redirect.FaultBadRedirect, fmt.Sprintf("it answered %d and not where to", resp.StatusCode)
		}
		return
	}
	if location, ok := refresh(resp.Header.Get("Refresh")); ok {
		hop.Kind, hop.Location = redirect.MetaRefresh, location
		return
	}
	if isHTML(resp.Header.Get("Content-Type")) {
		hop.Kind, hop.Location = search(resp.Body)
	}
}
