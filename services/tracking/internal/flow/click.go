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
	link := visit.Link
	offer, err := s.catalog.Offer(ctx, link.Offer)
	if errors.Is(err, ErrNotFound) {
		return "", apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer %q", link.Offer)
	}
	if err != nil {
		return "", err
	}
	now := s.Now()
	id, err := newID(now)
	if err != nil {
		return "", err
	}
	click := rules.Click{
		ID: id, Offer: offer.ID, Publisher: link.Publisher, CouponCode: link.CouponCode,
		PubClickID: link.PubClickID, PubSubID: link.PubSubID, PubUniques: link.PubUniques,
		Crawler: visit.Crawler, IP: visit.IP, UserAgent: visit.UserAgent, Referer: visit.Referer,
		Time: now,
	}
	coupon, err := s.judgeClick(ctx, &click, offer)
	if err != nil {
		return "", err
	}
	if err := s.store.InsertClick(ctx, click); err != nil {
		return "", err
	}
	return page(click, offer, coupon).Expand(trackinglink.Macros{
		ClickID: click.ID, CouponCode: click.CouponCode, PubID: click.Publisher, OfferID: click.Offer,
		PubClickID: click.PubClickID, PubSubID: click.PubSubID, PubUniques: click.PubUniques,
	}), nil
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

// ResolveShort returns what the spoken short form of a link means.
//
// Errors: NotFound (CODE_NOT_FOUND, CODE_SHARED) unless the code is exactly one coupon's.
func (s *Service) ResolveShort(ctx context.Context, code string) (trackinglink.Link, error) {
	coupons, err := s.catalog.Coupons(ctx, "", code)
	if err != nil {
		return trackinglink.Link{}, err
	}
	switch len(coupons) {
	case 0:
		return trackinglink.Link{}, apperr.New(apperr.NotFound, "CODE_NOT_FOUND", "no coupon has the code %q", code)
	case 1:
		c := coupons[0]
		return trackinglink.Link{Offer: c.Offer, Publisher: c.Publisher, CouponCode: c.Code}, nil
	default:
		return trackinglink.Link{}, apperr.New(apperr.NotFound, "CODE_SHARED", "the code %q belongs to several coupons; use the full tracking link", code)
	}
}
