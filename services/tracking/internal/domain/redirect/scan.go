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

// maxScanURLBytes bounds the URL of a scan; browsers take about as much.
const maxScanURLBytes = 8192

// HopKind says what sent a visitor on.
type HopKind string

// The kinds; NoHop is where the way ends.
const (
	NoHop       HopKind = ""
	HTTPHop     HopKind = "HTTP"
	MetaRefresh HopKind = "META_REFRESH"
	ScriptHop   HopKind = "SCRIPT"
)

// Hop is one step of the way that a visitor of a scanned link goes.
type Hop struct {
	URL string
	// Own says that the URL is of this installation, so that its answer was worked out.
	Own bool
	// HTTPStatus is zero where there was no answer.
	HTTPStatus int
	Latency    time.Duration
	Kind       HopKind
	// Location is where the visitor is sent, absolute; empty: nowhere.
	Location string
	// Cookies are the names of those that were set.
	Cookies    []string
	Parameters []HopParameter
	// Fault says what kept the visitor from going on, a reason of a Problem, and Error says it in words;
	// empty: nothing did.
	Fault string
	Error string
	// CertificateExpireTime is zero without a certificate.
	CertificateExpireTime time.Time
}

// HopParameter says of a value that should survive the way whether it stands in a hop's URL.
type HopParameter struct {
	Name    string
	Present bool
}

// ScannedLink is what a tracking link means.
type ScannedLink struct {
	// Offer is the offer's id; empty where the link's code means none.
	Offer             string
	OfferActive       bool
	PublisherApproved bool
	// Click is the click that the link would make, with an id that is made up. The id is empty where the
	// link makes none; its hop says why.
	Click domain.Click
	// Forwarded are the link's parameters that are added to the page's URL.
	Forwarded []trackinglink.Parameter
}

// Scan is what became of a visitor who followed a link.
type Scan struct {
	// Link is nil where the link, and all that it leads to, is none of ours.
	Link     *ScannedLink
	Hops     []Hop
	FinalURL string
	// ClickIDArrived and CodeArrived say that the final URL has the click id or the code, and a page answered there.
	ClickIDArrived bool
	CodeArrived    bool
	// Verdict is what a postback with the code would come to; nil where the link has no code.
	Verdict *domain.Decision
	// Problems are the worst first.
	Problems []Problem
}

// NewScan returns the scan of a way of one hop or more, with the parameters of each, and without verdict
// and problems.
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

// carries reports whether the final URL has a value, whatever answered there.
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

// StandsIn says whether a value stands in a URL's path, query or fragment, in whatever case, as a whole
// word and percent-encoded or not.
func StandsIn(link, value string) bool {
	_, text, _ := strings.Cut(link, "://")
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[i:] // a host's name carries nothing
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

// hasWord says whether a word stands in a text without letters or digits around it: 22 is not in 2022.
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

// escape says whether a text ends in a percent-encoded byte: %3D22 is =22 and not D22.
func escape(text string) bool { return len(text) >= 3 && text[len(text)-3] == '%' }

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// ParseScanURL reads the URL to scan.
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

// SameSite says whether two http or https URLs lead to one host and port, where http at its usual port
// and https at its own are the same: a site answers on both.
func SameSite(a, b *url.URL) bool {
	return strings.EqualFold(strings.TrimSuffix(a.Hostname(), "."), strings.TrimSuffix(b.Hostname(), ".")) && sitePort(a) == sitePort(b)
}

// sitePort is the port of a URL, empty for the usual ones.
func sitePort(u *url.URL) string {
	if port := u.Port(); port != "80" && port != "443" {
		return port
	}
	return ""
}
