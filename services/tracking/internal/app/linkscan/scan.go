package linkscan

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// Own answers for a URL of this installation, without a click, or returns nil for any other URL.
type Own func(context.Context, *url.URL) (*redirect.Hop, error)

// Follower follows links as a visitor would.
type Follower interface {
	// Follow returns the redirect chain from a link, of one hop or more, and calls gone with each hop before the
	// next. What own answers for is not called. Its errors are own's, and ctx's when that has ended.
	Follow(ctx context.Context, link *url.URL, visitor redirect.Visitor, own Own, gone func(redirect.Hop)) ([]redirect.Hop, error)
}

// ScannerConfig is what a Scanner works with.
type ScannerConfig struct {
	// Clicks says what the result of clicks would be, Attribution that of sales.
	Clicks      *clicks.Service
	Attribution *attribution.Service
	// Follower follows links.
	Follower Follower
	Now      func() time.Time
	// PublicURL is the origin that tracking links start with, such as https://go.example.com.
	PublicURL string
	// Pages is the path of shop pages at that origin, which are called like any others; "" for none.
	Pages string
}

// Scanner explains single links.
type Scanner struct {
	clicks      *clicks.Service
	attribution *attribution.Service
	follower    Follower
	now         func() time.Time
	publicURL   string
	pages       string
}

// NewScanner returns a Scanner.
func NewScanner(c ScannerConfig) *Scanner {
	return &Scanner{clicks: c.Clicks, attribution: c.Attribution, follower: c.Follower, now: c.Now, publicURL: c.PublicURL, pages: c.Pages}
}

// moment returns the time in UTC, in the stored precision.
func (s *Scanner) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// ScanLink explains a link and follows it. It stores nothing, and calls nothing of our own.
//
// Errors: InvalidArgument (INVALID_URL) on `url`; Unavailable if the coupon service is.
func (s *Scanner) ScanLink(ctx context.Context, link string, visitor redirect.Visitor) (redirect.Scan, error) {
	return s.ScanLinkLive(ctx, link, visitor, func(redirect.Hop) {})
}

// ScanLinkLive is ScanLink, and tells gone of each hop as soon as it is known.
func (s *Scanner) ScanLinkLive(ctx context.Context, link string, visitor redirect.Visitor, gone func(redirect.Hop)) (redirect.Scan, error) {
	start, err := redirect.ParseScanURL(link)
	if err != nil {
		return redirect.Scan{}, err
	}
	own := &ownWay{scanner: s}
	hops, err := s.follower.Follow(ctx, start, visitor, own.hop, func(hop redirect.Hop) {
		gone(redirect.NewScan(own.link, []redirect.Hop{hop}).Hops[0])
	})
	if err != nil {
		return redirect.Scan{}, err
	}
	scan := redirect.NewScan(own.link, hops)
	if scan.Verdict, err = s.dryRun(ctx, scan, own.offer); err != nil {
		return redirect.Scan{}, err
	}
	scan.Problems = scan.FindProblems(s.moment())
	return scan, nil
}

// dryRun returns the result that a postback with the link's code, and with the click if its id arrives, would
// have now; nil if the link has no code.
func (s *Scanner) dryRun(ctx context.Context, scan redirect.Scan, offer domain.Offer) (*domain.Decision, error) {
	if scan.Link == nil || scan.Link.Click.ID == "" || scan.Link.Click.CouponCode == "" {
		return nil, nil
	}
	made := scan.Link.Click
	report, click := domain.Report{Code: made.CouponCode, Time: s.moment()}, (*domain.Click)(nil)
	if scan.ClickIDArrived {
		report.ClickID, click = made.ID, &made
	}
	decision, err := s.attribution.Foresee(ctx, made.ID, report, offer, click)
	if err != nil {
		return nil, err
	}
	return &decision, nil
}

// ownWay computes our own part of a redirect chain: what a click would do, without a click.
type ownWay struct {
	scanner *Scanner
	// link is the meaning of our last link in the chain, with its offer.
	link  *redirect.ScannedLink
	offer domain.Offer
}

// hop implements Own. All of this installation is answered for: a postback that is scanned must not
// make a sale.
func (o *ownWay) hop(ctx context.Context, u *url.URL) (*redirect.Hop, error) {
	public, err := url.Parse(o.scanner.publicURL)
	if err != nil || !redirect.SameSite(u, public) || o.scanner.isPage(u) {
		return nil, nil //nolint:nilerr // Without an origin of its own nothing is ours; settings refuses such.
	}
	hop := &redirect.Hop{URL: u.String(), Own: true}
	link, err := o.read(ctx, u)
	if err == nil {
		err = o.click(ctx, hop, link)
	}
	if err == nil {
		return hop, nil
	}
	return hop, o.refuse(hop, link, err)
}

// isPage reports whether a URL of ours is a shop's page.
func (s *Scanner) isPage(u *url.URL) bool {
	return s.pages != "" && strings.HasPrefix(path.Clean(u.Path), s.pages)
}

// read reads a link of ours. Errors are as for a visitor.
func (o *ownWay) read(ctx context.Context, u *url.URL) (partner.Visited, error) {
	if slices.Contains(trackinglink.ClickPaths[:], strings.TrimSuffix(u.Path, "/")) {
		return o.scanner.clicks.ReadLink(ctx, u.RawQuery)
	}
	for _, path := range trackinglink.ShortPaths {
		if code, ok := strings.CutPrefix(u.Path, path); ok && code != "" {
			return o.scanner.clicks.ReadShortLink(ctx, code, u.RawQuery)
		}
	}
	return partner.Visited{}, apperr.New(apperr.NotFound, redirect.FaultNoLink, "this is an address of this installation, and no tracking link; it was not called")
}

// click fills in a hop with what a click by a link would do.
func (o *ownWay) click(ctx context.Context, hop *redirect.Hop, link partner.Visited) error {
	v, err := o.scanner.clicks.JudgeVisit(ctx, clicks.Visit{Link: link})
	if err != nil {
		return err
	}
	means := &redirect.ScannedLink{Offer: v.Offer.ID, OfferActive: v.Offer.Active, Click: v.Click, Forwarded: v.Forwarded}
	if v.Click.Publisher != "" {
		standing, err := o.scanner.clicks.Standing(ctx, v.Offer.ID, v.Click.Publisher)
		if err != nil {
			return err
		}
		means.PublisherApproved = standing.Approved
	}
	o.link, o.offer = means, v.Offer
	hop.HTTPStatus, hop.Kind, hop.Location = 302, redirect.HTTPHop, v.Location
	return nil
}

// refuse fills in a hop whose link makes no click, or returns the error that says no such thing.
func (o *ownWay) refuse(hop *redirect.Hop, visited partner.Visited, err error) error {
	e := apperr.As(err)
	if e == nil || e.Kind != apperr.NotFound && e.Kind != apperr.InvalidArgument {
		return err
	}
	fault, known := map[string]string{
		clicks.OfferNotFound: redirect.FaultOfferUnknown, clicks.CodeNotFound: redirect.FaultCodeUnknown,
		clicks.CodeShared: redirect.FaultCodeShared, redirect.FaultNoLink: redirect.FaultNoLink,
	}[e.Reason]
	hop.Fault, hop.Error, hop.HTTPStatus = fault, e.Message, 404
	if !known {
		hop.Fault, hop.Error, hop.HTTPStatus = redirect.FaultMalformed, "this link is refused: "+e.Message, 404
	}
	if fault == redirect.FaultNoLink {
		hop.HTTPStatus = 0 // what it would answer is not known
		return nil
	}
	if link := visited.Link; o.link == nil {
		o.link = &redirect.ScannedLink{Offer: link.Offer, Click: domain.Click{Publisher: link.Publisher, CouponCode: link.CouponCode}}
	}
	return nil
}
