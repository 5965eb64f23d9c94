package flow

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Visit is one request to a tracking link.
type Visit struct {
	// Link is what the link carries.
	Link trackinglink.Link
	// Crawler says that no shopper made the request.
	Crawler   bool
	IP        string
	UserAgent string
	Referer   string
}

// Click stores a visit and returns where the visitor goes: the offer's landing page, or its fallback
// when the click cannot earn. The click is durable before Click returns.
//
// Errors: NotFound (OFFER_NOT_FOUND) without such an offer; Unavailable where the click could not be
// judged or stored.
func (s *Service) Click(ctx context.Context, visit Visit) (location string, err error) {
	v, err := s.judgeVisit(ctx, visit)
	if err != nil {
		return "", err
	}
	if err := s.store.InsertClick(ctx, v.click); err != nil {
		return "", err
	}
	return v.location, nil
}

// judged is what a visit comes to; nothing of it is stored.
type judged struct {
	click rules.Click
	offer rules.Offer
	// location is where the visitor goes.
	location string
}

// judgeVisit makes a visit's click and says where the visitor goes.
//
// Errors: those of Click but for storing.
func (s *Service) judgeVisit(ctx context.Context, visit Visit) (judged, error) {
	link := visit.Link
	offer, err := s.catalog.Offer(ctx, link.Offer)
	if err != nil {
		return judged{}, orNotFound(err, offerNotFound, "offer", link.Offer)
	}
	now := s.Now()
	id, err := s.ids.next(now)
	if err != nil {
		return judged{}, err
	}
	click := rules.Click{
		ID: id, Offer: offer.ID, Publisher: link.Publisher, CouponCode: link.CouponCode,
		PubClickID: link.PubClickID, PubSubID: link.PubSubID, PubUniques: link.PubUniques,
		Crawler: visit.Crawler, IP: visit.IP, UserAgent: visit.UserAgent, Referer: visit.Referer,
		Time: now,
	}
	coupon, err := s.judgeClick(ctx, &click, offer)
	if err != nil {
		return judged{}, err
	}
	return judged{click: click, offer: offer, location: page(click, offer, coupon).Expand(trackinglink.Macros{
		ClickID: click.ID, CouponCode: click.CouponCode, PubID: click.Publisher, OfferID: click.Offer,
		PubClickID: click.PubClickID, PubSubID: click.PubSubID, PubUniques: click.PubUniques,
	})}, nil
}

// page is where a click goes: to the landing page, or, where it cannot earn, to the fallback of the
// coupon by whose link it came, else to the offer's, if there is one.
func page(click rules.Click, offer rules.Offer, coupon *rules.Coupon) *trackinglink.Template {
	switch {
	case click.Reason == rules.NoReason:
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
func (s *Service) judgeClick(ctx context.Context, click *rules.Click, offer rules.Offer) (*rules.Coupon, error) {
	if click.CouponCode == "" {
		return nil, s.judgePlainClick(ctx, click, offer)
	}
	coupons, err := s.catalog.Coupons(ctx, offer.ID, click.CouponCode)
	if err != nil {
		return nil, err
	}
	coupon := rules.JudgeCouponClick(click, coupons)
	if !offer.Active {
		click.Reason = rules.OfferInactive
	}
	return coupon, nil
}

// judgePlainClick judges a click without a code by its publisher alone.
func (s *Service) judgePlainClick(ctx context.Context, click *rules.Click, offer rules.Offer) error {
	if click.Publisher == "" {
		click.Reason = rules.NoReference
		return nil
	}
	standing, err := s.standing(ctx, offer.ID, click.Publisher)
	switch {
	case err != nil:
		return err
	case !offer.Active:
		click.Reason = rules.OfferInactive
	case !standing.Approved:
		click.Reason = rules.NotApproved
	}
	return nil
}

// standing says how a publisher stands on the offer; one that there is not has none.
func (s *Service) standing(ctx context.Context, offer, publisher string) (rules.Standing, error) {
	standing, err := s.catalog.Standing(ctx, offer, publisher)
	if errors.Is(err, ErrNotFound) {
		return rules.Standing{}, nil
	}
	return standing, err
}

// ReadLink returns what the query of a tracking link means. Where it names no offer, its code does.
//
// Errors: InvalidArgument on a parameter; those of resolveShort where the code has to say more.
func (s *Service) ReadLink(ctx context.Context, rawQuery string) (trackinglink.Link, error) {
	link, err := rules.ParseLink(rawQuery)
	switch {
	case err != nil || link.Offer != "":
		return link, err
	case link.CouponCode == "":
		return link, apperr.Invalid("INVALID_OFFER_ID", "offer_id", "is missing; a tracking link looks like /click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20")
	}
	return s.resolveShort(ctx, link)
}

// ReadShortLink returns what the spoken short form of a link means, which may have a query as well.
//
// Errors: InvalidArgument on a parameter, and those of resolveShort.
func (s *Service) ReadShortLink(ctx context.Context, code, rawQuery string) (trackinglink.Link, error) {
	link, err := rules.ParseLink(rawQuery)
	if err != nil {
		return link, err
	}
	link.CouponCode = code
	return s.resolveShort(ctx, link)
}

// The reasons for which a link means no click.
const (
	offerNotFound = "OFFER_NOT_FOUND"
	codeNotFound  = "CODE_NOT_FOUND"
	codeShared    = "CODE_SHARED"
)

// resolveShort fills in the offer and publisher of a link by its code alone.
//
// Errors: NotFound (CODE_NOT_FOUND, CODE_SHARED) unless the code is exactly one coupon's.
func (s *Service) resolveShort(ctx context.Context, link trackinglink.Link) (trackinglink.Link, error) {
	coupons, err := s.catalog.Coupons(ctx, "", link.CouponCode)
	if err != nil {
		return link, err
	}
	switch len(coupons) {
	case 0:
		return link, apperr.New(apperr.NotFound, codeNotFound, "no coupon has the code %q", link.CouponCode)
	case 1:
		link.Offer, link.Publisher, link.CouponCode = coupons[0].Offer, coupons[0].Publisher, coupons[0].Code
		return link, nil
	default:
		return link, apperr.New(apperr.NotFound, codeShared, "the code %q belongs to several coupons; use the full tracking link", link.CouponCode)
	}
}
