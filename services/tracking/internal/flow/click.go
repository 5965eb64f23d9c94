package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

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
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making a click id: %w", err)
	}
	click := rules.Click{
		ID: id.String(), Offer: offer.ID, Publisher: link.Publisher, CouponCode: link.CouponCode,
		PubClickID: link.PubClickID, PubSubID: link.PubSubID, PubUniques: link.PubUniques,
		Crawler: visit.Crawler, IP: visit.IP, UserAgent: visit.UserAgent, Referer: visit.Referer,
		Time: s.Now(),
	}
	if err := s.judgeClick(ctx, &click, offer); err != nil {
		return "", err
	}
	if err := s.store.InsertClick(ctx, click); err != nil {
		return "", err
	}
	page := offer.Landing
	if click.Reason != rules.NoReason && offer.Fallback != nil {
		page = offer.Fallback
	}
	return page.Expand(trackinglink.Macros{
		ClickID: click.ID, CouponCode: click.CouponCode, PubID: click.Publisher, OfferID: click.Offer,
		PubClickID: click.PubClickID, PubSubID: click.PubSubID, PubUniques: click.PubUniques,
	}), nil
}

// judgeClick fills in what the click's code and publisher mean at the click's time.
func (s *Service) judgeClick(ctx context.Context, click *rules.Click, offer rules.Offer) error {
	if click.CouponCode == "" {
		return s.judgePlainClick(ctx, click, offer)
	}
	coupons, err := s.catalog.Coupons(ctx, offer.ID, click.CouponCode)
	if err != nil {
		return err
	}
	rules.JudgeCouponClick(click, coupons)
	if !offer.Active {
		click.Reason = rules.OfferInactive
	}
	return nil
}

// judgePlainClick judges a click without a code by its publisher alone.
func (s *Service) judgePlainClick(ctx context.Context, click *rules.Click, offer rules.Offer) error {
	if click.Publisher == "" {
		click.Reason = rules.NoReference
		return nil
	}
	approved, err := s.approved(ctx, offer.ID, click.Publisher)
	switch {
	case err != nil:
		return err
	case !offer.Active:
		click.Reason = rules.OfferInactive
	case !approved:
		click.Reason = rules.NotApproved
	}
	return nil
}

// approved says whether there is such a publisher and it is approved on the offer.
func (s *Service) approved(ctx context.Context, offer, publisher string) (bool, error) {
	approved, err := s.catalog.Standing(ctx, offer, publisher)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return approved, err
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
