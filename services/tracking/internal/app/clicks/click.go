package clicks

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// Visit is one request to a tracking link.
type Visit struct {
	// Link is what the link says, with the offer settled.
	Link partner.Visited
	// Crawler says that no shopper made the request.
	Crawler   bool
	IP        string
	UserAgent string
	Referer   string
}

// Click stores a visit and returns where the visitor goes: the offer's landing page, or its fallback
// when the click cannot earn. The click is durable before Click returns.
//
// Errors: NotFound (OFFER_NOT_FOUND) if the offer does not exist; Unavailable if the click could not be judged
// or stored.
func (s *Service) Click(ctx context.Context, visit Visit) (location string, err error) {
	v, err := s.JudgeVisit(ctx, visit)
	if err != nil {
		return "", err
	}
	if err := s.store.InsertClick(ctx, v.Click); err != nil {
		return "", err
	}
	return v.Location, nil
}

// JudgedVisit is the result of a visit; nothing of it is stored.
type JudgedVisit struct {
	Click domain.Click
	Offer domain.Offer
	// Location is where the visitor goes.
	Location string
	// Forwarded are the link's parameters that were added to the URL.
	Forwarded []trackinglink.Parameter
}

// JudgeVisit makes a visit's click and says where the visitor goes.
//
// Errors: those of Click, except for storing.
func (s *Service) JudgeVisit(ctx context.Context, visit Visit) (JudgedVisit, error) {
	link := visit.Link.Link
	offer, err := s.catalog.Offer(ctx, link.Offer)
	if err != nil {
		return JudgedVisit{}, domain.OrNotFound(err, OfferNotFound, "offer", link.Offer)
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	id, err := s.ids.Next(now)
	if err != nil {
		return JudgedVisit{}, err
	}
	click := domain.Click{
		ID: id, Offer: offer.ID, Publisher: link.Publisher, CouponCode: link.CouponCode,
		PubClickID: link.PubClickID, PubSubID: link.PubSubID, PubUniques: link.PubUniques,
		Crawler: visit.Crawler, IP: s.addresses.kept(visit.IP), UserAgent: visit.UserAgent, Referer: originOf(visit.Referer),
		Dropped: visit.Link.Dropped, Time: now,
	}
	coupon, err := s.judgeClick(ctx, &click, offer)
	if err != nil {
		return JudgedVisit{}, err
	}
	return landing(click, offer, coupon, visit.Link), nil
}

// landing returns where a judged click goes, and which parameters of its link go with it.
func landing(click domain.Click, offer domain.Offer, coupon *domain.Coupon, link partner.Visited) JudgedVisit {
	to := page(click, offer, coupon)
	var forwarded []trackinglink.Parameter
	if offer.Forward.Looks(link.Foreign) {
		var tooLong []string
		forwarded, tooLong = offer.Forward.Select(link.Query, to)
		click.Dropped = partner.DropForwarded(click.Dropped, tooLong)
	}
	location := to.ExpandWith(trackinglink.Macros{
		ClickID: click.ID, CouponCode: click.CouponCode, PubID: click.Publisher, OfferID: click.Offer,
		PubClickID: click.PubClickID, PubSubID: click.PubSubID, PubUniques: click.PubUniques, Query: link.Query,
	}, forwarded)
	return JudgedVisit{Click: click, Offer: offer, Location: location, Forwarded: forwarded}
}

// page returns where a click goes: to the landing page, or, if it cannot earn, to the fallback of the coupon
// whose link was clicked, else to the offer's fallback, if it has any.
func page(click domain.Click, offer domain.Offer, coupon *domain.Coupon) *trackinglink.Template {
	switch {
	case click.Reason == domain.NoReason:
		return offer.Landing
	case coupon != nil && coupon.Settings.Fallback != nil:
		return coupon.Settings.Fallback
	case offer.Fallback != nil:
		return offer.Fallback
	default:
		return offer.Landing
	}
}

// judgeClick fills in what the click's code and publisher mean at the click's time, and returns the
// click's coupon, if it has one.
func (s *Service) judgeClick(ctx context.Context, click *domain.Click, offer domain.Offer) (*domain.Coupon, error) {
	if click.CouponCode == "" {
		return nil, s.judgePlainClick(ctx, click, offer)
	}
	coupons, err := s.catalog.Coupons(ctx, offer.ID, click.CouponCode)
	if err != nil {
		return nil, err
	}
	coupon := domain.JudgeCouponClick(click, coupons)
	if coupon == nil && click.Publisher != "" {
		if _, err := s.clickStanding(ctx, click); err != nil {
			return nil, err
		}
	}
	if !offer.Active {
		click.Reason = domain.OfferInactive
	}
	return coupon, nil
}

// judgePlainClick judges a click without a code by its publisher alone.
func (s *Service) judgePlainClick(ctx context.Context, click *domain.Click, offer domain.Offer) error {
	if click.Publisher == "" {
		click.Reason = domain.NoReference
		return nil
	}
	standing, err := s.clickStanding(ctx, click)
	switch {
	case err != nil:
		return err
	case !offer.Active:
		click.Reason = domain.OfferInactive
	case !standing.Approved:
		click.Reason = domain.NotApproved
	}
	return nil
}

// clickStanding returns the standing of a click's publisher on its offer, and notes if the publisher does not exist.
func (s *Service) clickStanding(ctx context.Context, click *domain.Click) (domain.Standing, error) {
	standing, err := s.catalog.Standing(ctx, click.Offer, click.Publisher)
	if errors.Is(err, domain.ErrNotFound) {
		click.PublisherUnknown = true
		return domain.Standing{}, nil
	}
	return standing, err
}

// Standing returns a publisher's standing on the offer; an unknown publisher has no approval.
func (s *Service) Standing(ctx context.Context, offer, publisher string) (domain.Standing, error) {
	return domain.StandingOrNone(s.catalog.Standing(ctx, offer, publisher))
}

// ReadLink returns what the query of a tracking link means. If it names no offer, its code decides.
//
// Errors: InvalidArgument (INVALID_OFFER_ID) if it names neither; those of resolveShort if it depends on the
// code.
func (s *Service) ReadLink(ctx context.Context, rawQuery string) (partner.Visited, error) {
	v := partner.ParseLink(rawQuery)
	switch {
	case v.Link.Offer != "":
		return v, nil
	case v.Link.CouponCode == "":
		return v, apperr.Invalid("INVALID_OFFER_ID", "offer_id", "is missing; a tracking link looks like /click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20")
	}
	return v, s.resolveShort(ctx, &v.Link)
}

// ReadShortLink returns what the spoken short form of a link means, which may have a query as well.
//
// Its errors are those of resolveShort.
func (s *Service) ReadShortLink(ctx context.Context, code, rawQuery string) (partner.Visited, error) {
	v := partner.ParseShortLink(code, rawQuery)
	return v, s.resolveShort(ctx, &v.Link)
}

// The reasons why a link makes no click.
const (
	// OfferNotFound says that the offer does not exist.
	OfferNotFound = "OFFER_NOT_FOUND"
	// CodeNotFound says that no coupon has the link's code, CodeShared that coupons of several offers have it.
	CodeNotFound = "CODE_NOT_FOUND"
	CodeShared   = "CODE_SHARED"
)

// resolveShort fills in the offer and publisher of a link by its code alone. If publishers of one offer share
// the code, only the offer is certain: the shopper gets there, and no publisher earns unless the link names
// one.
//
// Errors: NotFound (CODE_NOT_FOUND, CODE_SHARED) unless the code is one offer's.
func (s *Service) resolveShort(ctx context.Context, link *trackinglink.Link) error {
	coupons, err := s.catalog.Coupons(ctx, "", link.CouponCode)
	if err != nil {
		return err
	}
	switch len(coupons) {
	case 0:
		return apperr.New(apperr.NotFound, CodeNotFound, "no coupon has the code %q", link.CouponCode)
	case 1:
		link.Offer, link.Publisher, link.CouponCode = coupons[0].Offer, coupons[0].Publisher, coupons[0].Code
		return nil
	}
	offer := coupons[0].Offer
	if slices.ContainsFunc(coupons, func(c domain.Coupon) bool { return c.Offer != offer }) {
		return apperr.New(apperr.NotFound, CodeShared, "the code %q belongs to coupons of several offers; use the full tracking link", link.CouponCode)
	}
	link.Offer = offer
	return nil
}
