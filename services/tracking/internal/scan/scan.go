// Package scan follows a link as a visitor's browser would, one redirect after the other, and returns what each
// page answered.
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

	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// Limits of a scan.
const (
	maxHops      = 10
	hopTimeout   = 10 * time.Second
	scanTimeout  = 30 * time.Second
	maxBodyBytes = 512 << 10
	// maxCookies bounds the names of cookies kept for a hop.
	maxCookies = 50
)

// User-Agents of browsers.
const (
	desktopAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	phoneAgent   = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)

// Config configures a Follower.
type Config struct {
	// Client makes the calls. It must not follow redirects or keep cookies, and must refuse private addresses.
	Client *http.Client
	Now    func() time.Time
	// HopTimeout bounds the time of one page, and Timeout that of a scan; zero means 10 and 30 seconds.
	HopTimeout time.Duration
	Timeout    time.Duration
}

// Follower implements linkscan.Follower.
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

// chain is a redirect chain that is being followed.
type chain struct {
	*Follower
	visitor redirect.Visitor
	own     linkscan.Own
	jar     http.CookieJar
	hops    []redirect.Hop
	// seen holds, by URL and cookies, the number of the hop that called it.
	seen map[string]int
}

// Follow implements linkscan.Follower.
func (f *Follower) Follow(ctx context.Context, link *url.URL, visitor redirect.Visitor, own linkscan.Own, gone func(redirect.Hop)) ([]redirect.Hop, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, fmt.Errorf("making a cookie jar: %w", err)
	}
	calls, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w := &chain{Follower: f, visitor: visitor, own: own, jar: jar, seen: map[string]int{}}
	for next := link; next != nil; {
		if next, err = w.step(ctx, calls, next); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("following a link: %w", err) // the caller gave up
		}
		gone(w.hops[len(w.hops)-1])
	}
	return w.hops, nil
}

// step follows one hop and returns the next URL, or nil at the end. Calls to other sites are bounded by calls; our
// own URLs only by ctx, however long the others took.
func (w *chain) step(ctx, calls context.Context, u *url.URL) (*url.URL, error) {
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

// next returns the URL that a hop redirects to. If the visitor cannot go there, it sets the hop's fault.
func (w *chain) next(from *url.URL, hop *redirect.Hop) *url.URL {
	if hop.Location == "" || hop.Kind == redirect.ScriptHop || hop.Fault != "" {
		return nil
	}
	next, err := from.Parse(hop.Location)
	if err != nil {
		hop.Fault, hop.Error = redirect.FaultBadRedirect, "it redirects to something that is not a URL"
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

// state returns the URL and the cookies that a page would see. A page that sets a cookie and redirects to itself
// is not a loop.
func (w *chain) state(u *url.URL) string {
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
func (w *chain) call(ctx context.Context, u *url.URL) redirect.Hop {
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
func (w *chain) dress(req *http.Request) {
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

func (w *chain) keepCookies(u *url.URL, resp *http.Response, hop *redirect.Hop) {
	cookies := resp.Cookies()
	w.jar.SetCookies(u, cookies)
	for _, cookie := range cookies[:min(len(cookies), maxCookies)] {
		hop.Cookies = append(hop.Cookies, clip(cookie.Name))
	}
}

// direct sets a hop's kind and location from its answer.
func (w *chain) direct(resp *http.Response, hop *redirect.Hop) {
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
