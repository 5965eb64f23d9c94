package flow

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Visitor is who follows a link that is scanned.
type Visitor struct {
	// Phone says that the visitor holds a phone; else a desktop browser.
	Phone bool
	// Language is the visitor's Accept-Language header.
	Language string
}

// Own answers for a URL of this installation, without a click, or returns nil where the URL is none.
type Own func(context.Context, *url.URL) (*rules.Hop, error)

// Follower follows links as a visitor would.
type Follower interface {
	// Follow returns the way from a link on, of one hop or more, and tells gone of each hop before it goes
	// the next. What own answers for is not called. Its errors are own's, and ctx's when that has ended.
	Follow(ctx context.Context, link *url.URL, visitor Visitor, own Own, gone func(rules.Hop)) ([]rules.Hop, error)
}

// ScanLink explains a link and follows it. It stores nothing, and calls nothing of our own.
//
// Errors: InvalidArgument (INVALID_URL) on `url`; Unavailable where the catalog is.
func (s *Service) ScanLink(ctx context.Context, link string, visitor Visitor) (rules.Scan, error) {
	return s.ScanLinkLive(ctx, link, visitor, func(rules.Hop) {})
}

// ScanLinkLive is ScanLink, and tells gone of each hop as soon as it is known.
func (s *Service) ScanLinkLive(ctx context.Context, link string, visitor Visitor, gone func(rules.Hop)) (rules.Scan, error) {
	start, err := rules.ParseScanURL(link)
	if err != nil {
		return rules.Scan{}, err
	}
	own := &ownWay{service: s}
	hops, err := s.follower.Follow(ctx, start, visitor, own.hop, func(hop rules.Hop) {
		gone(rules.NewScan(own.link, []rules.Hop{hop}).Hops[0])
	})
	if err != nil {
		return rules.Scan{}, err
	}
	scan := rules.NewScan(own.link, hops)
	if scan.Verdict, err = s.dryRun(ctx, scan, own.offer); err != nil {
		return rules.Scan{}, err
	}
	scan.Problems = scan.FindProblems(s.Now())
	return scan, nil
}

// dryRun says what a postback with the link's code, and with the click where its id arrives, would come
// to now; nil where the link has no code.
func (s *Service) dryRun(ctx context.Context, scan rules.Scan, offer rules.Offer) (*rules.Decision, error) {
	if scan.Link == nil || scan.Link.Click.ID == "" || scan.Link.Click.CouponCode == "" {
		return nil, nil
	}
	made := scan.Link.Click
	report, click := rules.Report{Code: made.CouponCode, Time: s.Now()}, (*rules.Click)(nil)
	if scan.ClickIDArrived {
		report.ClickID, click = made.ID, &made
	}
	claim, err := s.gather(ctx, report, offer, click)
	if err != nil {
		return nil, err
	}
	decision := rules.Attribute(claim)
	conversion, _ := rules.NewConversion(made.ID, report, claim, decision, true, s.Now())
	sale, err := s.tried(ctx, Sale{Conversion: conversion, Use: s.use(conversion, decision.Coupon)})
	if err == nil && sale.Reason == rules.LimitReached {
		decision.Outcome, decision.Reason, decision.Publisher, decision.Explanation = sale.Outcome, sale.Reason, "", sale.Explanation
	}
	return &decision, err
}

// ownWay works out our own part of a way: what a click would do, without one.
type ownWay struct {
	service *Service
	// link is what the last of our links on the way means, with its offer.
	link  *rules.ScannedLink
	offer rules.Offer
}

// hop implements Own. All of this installation is answered for: a postback that is scanned must not
// make a sale.
func (o *ownWay) hop(ctx context.Context, u *url.URL) (*rules.Hop, error) {
	public, err := url.Parse(o.service.publicURL)
	if err != nil || !rules.SameSite(u, public) || o.service.isPage(u) {
		return nil, nil //nolint:nilerr // Without an origin of its own nothing is ours; settings refuses such.
	}
	hop := &rules.Hop{URL: u.String(), Own: true}
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
func (s *Service) isPage(u *url.URL) bool {
	return s.config.Pages != "" && strings.HasPrefix(path.Clean(u.Path), s.config.Pages)
}

// read reads a link of ours. Errors are as for a visitor.
func (o *ownWay) read(ctx context.Context, u *url.URL) (rules.Visited, error) {
	if slices.Contains(trackinglink.ClickPaths[:], strings.TrimSuffix(u.Path, "/")) {
		return o.service.ReadLink(ctx, u.RawQuery)
	}
	for _, path := range trackinglink.ShortPaths {
		if code, ok := strings.CutPrefix(u.Path, path); ok && code != "" {
			return o.service.ReadShortLink(ctx, code, u.RawQuery)
		}
	}
	return rules.Visited{}, apperr.New(apperr.NotFound, rules.FaultNoLink, "this is an address of this installation, and no tracking link; it was not called")
}

// click fills in a hop with what a click by a link would do.
func (o *ownWay) click(ctx context.Context, hop *rules.Hop, link rules.Visited) error {
	v, err := o.service.judgeVisit(ctx, Visit{Link: link})
	if err != nil {
		return err
	}
	means := &rules.ScannedLink{Offer: v.offer.ID, OfferActive: v.offer.Active, Click: v.click, Forwarded: v.forwarded}
	if v.click.Publisher != "" {
		standing, err := o.service.standing(ctx, v.offer.ID, v.click.Publisher)
		if err != nil {
			return err
		}
		means.PublisherApproved = standing.Approved
	}
	o.link, o.offer = means, v.offer
	hop.HTTPStatus, hop.Kind, hop.Location = 302, rules.HTTPHop, v.location
	return nil
}

// refuse fills in a hop whose link makes no click, or returns the error that says no such thing.
func (o *ownWay) refuse(hop *rules.Hop, visited rules.Visited, err error) error {
	e := apperr.As(err)
	if e == nil || e.Kind != apperr.NotFound && e.Kind != apperr.InvalidArgument {
		return err
	}
	fault, known := map[string]string{
		offerNotFound: rules.FaultOfferUnknown, CodeNotFound: rules.FaultCodeUnknown,
		CodeShared: rules.FaultCodeShared, rules.FaultNoLink: rules.FaultNoLink,
	}[e.Reason]
	hop.Fault, hop.Error, hop.HTTPStatus = fault, e.Message, 404
	if !known {
		hop.Fault, hop.Error, hop.HTTPStatus = rules.FaultMalformed, "this link is refused: "+e.Message, 404
	}
	if fault == rules.FaultNoLink {
		hop.HTTPStatus = 0 // what it would answer is not known
		return nil
	}
	if link := visited.Link; o.link == nil {
		o.link = &rules.ScannedLink{Offer: link.Offer, Click: rules.Click{Publisher: link.Publisher, CouponCode: link.CouponCode}}
	}
	return nil
}
