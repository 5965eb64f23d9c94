package app

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// Follower follows links as a visitor would.
type Follower interface {
	// Follow returns the way from a link on, of one hop or more, and tells gone of each hop before it goes
	// the next. What own answers for is not called. Its errors are own's, and ctx's when that has ended.
	Follow(ctx context.Context, link *url.URL, visitor redirect.Visitor, own redirect.Own, gone func(redirect.Hop)) ([]redirect.Hop, error)
}

// ScanLink explains a link and follows it. It stores nothing, and calls nothing of our own.
//
// Errors: InvalidArgument (INVALID_URL) on `url`; Unavailable if the coupon service is.
func (s *Service) ScanLink(ctx context.Context, link string, visitor redirect.Visitor) (redirect.Scan, error) {
	return s.ScanLinkLive(ctx, link, visitor, func(redirect.Hop) {})
}

// ScanLinkLive is ScanLink, and tells gone of each hop as soon as it is known.
func (s *Service) ScanLinkLive(ctx context.Context, link string, visitor redirect.Visitor, gone func(redirect.Hop)) (redirect.Scan, error) {
	start, err := redirect.ParseScanURL(link)
	if err != nil {
		return redirect.Scan{}, err
	}
	own := &ownWay{service: s}
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
	scan.Problems = scan.FindProblems(s.Now())
	return scan, nil
}

// dryRun says what a postback with the link's code, and with the click where its id arrives, would come
// to now; nil where the link has no code.
func (s *Service) dryRun(ctx context.Context, scan redirect.Scan, offer domain.Offer) (*domain.Decision, error) {
	if scan.Link == nil || scan.Link.Click.ID == "" || scan.Link.Click.CouponCode == "" {
		return nil, nil
	}
	made := scan.Link.Click
	report, click := domain.Report{Code: made.CouponCode, Time: s.Now()}, (*domain.Click)(nil)
	if scan.ClickIDArrived {
		report.ClickID, click = made.ID, &made
	}
	claim, err := s.gather(ctx, report, offer, click)
	if err != nil {
		return nil, err
	}
	decision := domain.Attribute(claim)
	conversion, _ := domain.NewConversion(made.ID, report, claim, decision, true, s.Now())
	sale, err := s.tried(ctx, domain.Sale{Conversion: conversion, Use: s.use(conversion, decision.Coupon)})
	if err == nil && sale.Reason == domain.LimitReached {
		decision.Outcome, decision.Reason, decision.Publisher, decision.Explanation = sale.Outcome, sale.Reason, "", sale.Explanation
	}
	return &decision, err
}

// ownWay works out our own part of a way: what a click would do, without one.
type ownWay struct {
	service *Service
	// link is what the last of our links on the way means, with its offer.
	link  *redirect.ScannedLink
	offer domain.Offer
}

// hop implements Own. All of this installation is answered for: a postback that is scanned must not
// make a sale.
func (o *ownWay) hop(ctx context.Context, u *url.URL) (*redirect.Hop, error) {
	public, err := url.Parse(o.service.publicURL)
	if err != nil || !redirect.SameSite(u, public) || o.service.isPage(u) {
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
func (s *Service) isPage(u *url.URL) bool {
	return s.config.Pages != "" && strings.HasPrefix(path.Clean(u.Path), s.config.Pages)
}

// read reads a link of ours. Errors are as for a visitor.
func (o *ownWay) read(ctx context.Context, u *url.URL) (partner.Visited, error) {
	if slices.Contains(trackinglink.ClickPaths[:], strings.TrimSuffix(u.Path, "/")) {
		return o.service.ReadLink(ctx, u.RawQuery)
	}
	for _, path := range trackinglink.ShortPaths {
		if code, ok := strings.CutPrefix(u.Path, path); ok && code != "" {
			return o.service.ReadShortLink(ctx, code, u.RawQuery)
		}
	}
	return partner.Visited{}, apperr.New(apperr.NotFound, redirect.FaultNoLink, "this is an address of this installation, and no tracking link; it was not called")
}

// click fills in a hop with what a click by a link would do.
func (o *ownWay) click(ctx context.Context, hop *redirect.Hop, link partner.Visited) error {
	v, err := o.service.judgeVisit(ctx, Visit{Link: link})
	if err != nil {
		return err
	}
	means := &redirect.ScannedLink{Offer: v.offer.ID, OfferActive: v.offer.Active, Click: v.click, Forwarded: v.forwarded}
	if v.click.Publisher != "" {
		standing, err := o.service.standing(ctx, v.offer.ID, v.click.Publisher)
		if err != nil {
			return err
		}
		means.PublisherApproved = standing.Approved
	}
	o.link, o.offer = means, v.offer
	hop.HTTPStatus, hop.Kind, hop.Location = 302, redirect.HTTPHop, v.location
	return nil
}

// refuse fills in a hop whose link makes no click, or returns the error that says no such thing.
func (o *ownWay) refuse(hop *redirect.Hop, visited partner.Visited, err error) error {
	e := apperr.As(err)
	if e == nil || e.Kind != apperr.NotFound && e.Kind != apperr.InvalidArgument {
		return err
	}
	fault, known := map[string]string{
		offerNotFound: redirect.FaultOfferUnknown, CodeNotFound: redirect.FaultCodeUnknown,
		CodeShared: redirect.FaultCodeShared, redirect.FaultNoLink: redirect.FaultNoLink,
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
