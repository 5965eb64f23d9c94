// Package redirect judges the redirect chain of a tracking link: its hops, what they keep of the link, and what is
// wrong with them. It is pure.
package redirect

import (
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// maxScanURLBytes bounds the URL of a scan; browsers have about the same limit.
const maxScanURLBytes = 8192

// HopKind says how a hop redirected the visitor.
type HopKind string

// The kinds. NoHop ends the redirect chain.
const (
	NoHop       HopKind = ""
	HTTPHop     HopKind = "HTTP"
	MetaRefresh HopKind = "META_REFRESH"
	ScriptHop   HopKind = "SCRIPT"
)

// Hop is one step of a scanned link's redirect chain.
type Hop struct {
	URL string
	// Own says that the URL belongs to this installation, so its answer was computed without a request.
	Own bool
	// HTTPStatus is 0 if no answer came.
	HTTPStatus int
	Latency    time.Duration
	Kind       HopKind
	// Location is the absolute URL that the visitor is redirected to; "" if the hop does not redirect.
	Location string
	// Cookies are the names of the cookies that were set.
	Cookies    []string
	Parameters []HopParameter
	// Fault says what stopped the visitor, as the reason of a Problem, and Error says it in words; both are
	// "" if nothing did.
	Fault string
	Error string
	// CertificateExpireTime is zero if the hop has no certificate.
	CertificateExpireTime time.Time
}

// HopParameter says whether a hop's URL contains a value that the redirect chain should pass on.
type HopParameter struct {
	Name    string
	Present bool
}

// ScannedLink is the meaning of a scanned tracking link.
type ScannedLink struct {
	// Offer is the offer's id; "" if the link's code belongs to no offer.
	Offer             string
	OfferActive       bool
	PublisherApproved bool
	// Click is the click that the link would make, with a made-up id. The id is "" if the link makes no
	// click; its hop says why.
	Click domain.Click
	// Forwarded are the link's parameters that are added to the page's URL.
	Forwarded []trackinglink.Parameter
}

// Scan is what a visitor who follows a link would see.
type Scan struct {
	// Link is nil if neither the link nor any hop is a tracking link of ours.
	Link     *ScannedLink
	Hops     []Hop
	FinalURL string
	// ClickIDArrived and CodeArrived say that the final URL has the click id or the code, and a page answered there.
	ClickIDArrived bool
	CodeArrived    bool
	// Verdict is the decision on a postback with the link's code; nil if the link has no code.
	Verdict *domain.Decision
	// Problems are the worst first.
	Problems []Problem
}

// NewScan returns the scan of a redirect chain of at least one hop. It fills in the parameters of each hop,
// but not Verdict and Problems.
func NewScan(link *ScannedLink, hops []Hop) Scan {
	scan := Scan{Link: link, Hops: hops, FinalURL: hops[len(hops)-1].URL}
	if link == nil || link.Click.ID == "" {
		return scan
	}
	click := link.Click
	carried := append([]trackinglink.Parameter{
		{Name: "click_id", Value: click.ID},
		{Name: "coupon_code", Value: click.CouponCode},
		{Name: "pub_id", Value: click.Publisher},
		{Name: "pub_click_id", Value: click.PubClickID},
	}, link.Forwarded...)
	for _, one := range carried {
		if one.Value == "" {
			continue
		}
		for i := range hops {
			hops[i].Parameters = append(hops[i].Parameters, HopParameter{one.Name, StandsIn(hops[i].URL, one.Value)})
		}
	}
	scan.ClickIDArrived, scan.CodeArrived = scan.Arrived(click.ID), scan.Arrived(click.CouponCode)
	return scan
}

// Arrived reports whether the final URL has a value, and a page answered there.
func (s Scan) Arrived(value string) bool { return s.Hops[len(s.Hops)-1].hasPage() && s.carries(value) }

// carries reports whether the final URL has a value, even if no page answered there.
func (s Scan) carries(value string) bool { return value != "" && StandsIn(s.FinalURL, value) }

// hasPage reports whether a visitor finds a page at the end of the redirects. A host that is unknown, refuses
// the connection or answers with an error has no page. A site that blocks programs may show one to people,
// and an app opens from a page.
func (h Hop) hasPage() bool {
	switch {
	case h.Fault != "" && h.Fault != FaultAppLink:
		return false
	case h.HTTPStatus == 401 || h.HTTPStatus == 403 || h.HTTPStatus == 429:
		return true
	default:
		return h.HTTPStatus > 0 && h.HTTPStatus < 400
	}
}

// maxNested is how many times a value may be percent-encoded: once for each redirector that takes the
// next URL as a parameter.
const maxNested = 4

// StandsIn reports whether a URL's path, query or fragment contains a value as a whole word. It ignores
// case and percent-encoding.
func StandsIn(link, value string) bool {
	_, text, _ := strings.Cut(link, "://")
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[i:] // a host name carries no values
	} else {
		return false
	}
	return stands(text, value, url.PathUnescape) || stands(text, value, url.QueryUnescape)
}

func stands(text, value string, decode func(string) (string, error)) bool {
	for range maxNested {
		if hasWord(strings.ToLower(text), strings.ToLower(value)) {
			return true
		}
		decoded, err := decode(text)
		if err != nil || decoded == text {
			return false
		}
		text = decoded
	}
	return false
}

// hasWord reports whether a text contains a word without letters or digits around it: 2022 has no 22.
func hasWord(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !alphanumeric(text[start-1]) || escape(text[:start])) && (end == len(text) || !alphanumeric(text[end])) {
			return true
		}
		from = start + 1
	}
}

// escape reports whether a text ends in a percent-encoded byte: %3D22 is =22 and not D22.
func escape(text string) bool { return len(text) >= 3 && text[len(text)-3] == '%' }

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// ParseScanURL parses the URL to scan.
//
// Errors: InvalidArgument (INVALID_URL) on `url`.
func ParseScanURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxScanURLBytes {
		return nil, apperr.Invalid("INVALID_URL", "url", "is longer than %d bytes", maxScanURLBytes)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, apperr.Invalid("INVALID_URL", "url", "%q is not a URL", text)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, apperr.Invalid("INVALID_URL", "url", "%q is not an http or https URL such as https://go.example.com/click?offer_id=10&pub_id=22", text)
	case u.User != nil:
		return nil, apperr.Invalid("INVALID_URL", "url", "has a user name in it; leave it out")
	}
	return u, nil
}

// SameSite reports whether two http or https URLs lead to the same host and port. http and https on their
// default ports count as the same, since a site answers on both.
func SameSite(a, b *url.URL) bool {
	return strings.EqualFold(strings.TrimSuffix(a.Hostname(), "."), strings.TrimSuffix(b.Hostname(), ".")) && sitePort(a) == sitePort(b)
}

// sitePort returns the port of a URL, "" for the default ports.
func sitePort(u *url.URL) string {
	if port := u.Port(); port != "80" && port != "443" {
		return port
	}
	return ""
}
