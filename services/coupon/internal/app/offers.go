package app

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// CreateOffer stores a new offer, with a generated id if its id is empty, and returns it with its
// credentials. Errors: InvalidArgument; AlreadyExists (OFFER_EXISTS).
func (s *Service) CreateOffer(ctx context.Context, offer domain.Offer) (domain.Offer, error) {
	checked, err := s.checkNewOffer(offer)
	if err != nil {
		return domain.Offer{}, apperr.Join(err, s.checkOfferIsNew(ctx, offer.ID))
	}
	checked.Credentials = newCredentials()
	err = withID(offer.ID, func(id string) error {
		checked.ID = id
		defer s.memory.forget()
		return s.store.InsertOffer(ctx, checked)
	})
	if errors.Is(err, ErrExists) {
		return domain.Offer{}, offerExists(offer.ID)
	}
	return checked, orMissing(err, err, "storing an offer")
}

// TryOffer is CreateOffer without storing anything. The returned offer has no credentials, and no id if the
// caller chose none.
func (s *Service) TryOffer(ctx context.Context, offer domain.Offer) (domain.Offer, error) {
	checked, err := s.checkNewOffer(offer)
	return checked, apperr.Join(err, s.checkOfferIsNew(ctx, offer.ID))
}

func (s *Service) checkNewOffer(offer domain.Offer) (domain.Offer, error) {
	offer.CreateTime = s.Now()
	offer.UpdateTime, offer.Revision = offer.CreateTime, 1
	checked, err := domain.CheckOffer(offer)
	return checked, apperr.Join(err, checkChosenID("offer_id", offer.ID))
}

// checkOfferIsNew refuses the id of an existing offer. It serves dry runs and lists this fault with others.
// CreateOffer relies on the store to refuse duplicates.
func (s *Service) checkOfferIsNew(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	switch _, err := s.store.Offer(ctx, id); {
	case err == nil:
		return offerExists(id)
	case errors.Is(err, ErrNotFound):
		return nil
	default:
		return orMissing(err, err, "reading an offer")
	}
}

func offerExists(id string) error {
	return apperr.New(apperr.AlreadyExists, "OFFER_EXISTS", "offer %s exists already; choose another id", id).
		On("offer_id").With("offer", resource.Offer(id))
}

// Offer returns an offer. Errors: NotFound, OFFER_NOT_FOUND.
func (s *Service) Offer(ctx context.Context, id string) (domain.Offer, error) {
	offer, err := s.store.Offer(ctx, id)
	return offer, orMissing(err, domain.NoOffer(id), "reading an offer")
}

// Offers returns a page of offers and the next page's token. Errors: InvalidArgument.
func (s *Service) Offers(ctx context.Context, req listing.Request) ([]domain.Offer, string, error) {
	return list(ctx, s, s.offers, req, rows.Of(ctx).In("", "id"), nil, s.store.Offers, offerValue)
}

// UpdateOffer sets some fields of an offer to their values in a draft. If that changes nothing, nothing is
// stored. Errors: NotFound (OFFER_NOT_FOUND); InvalidArgument; Aborted (ETAG_MISMATCH); FailedPrecondition
// (CODES_SHARED).
func (s *Service) UpdateOffer(ctx context.Context, id string, draft Draft[domain.Offer], u Update) (domain.Offer, error) {
	setters, err := pick(u, offerFields())
	if err != nil {
		return domain.Offer{}, err
	}
	var tried domain.Offer
	turnsUnique := false
	defer s.memory.forget()
	updated, err := s.store.UpdateOffer(ctx, id, func(current domain.Offer) (domain.Offer, error) {
		if err := domain.MatchEtag(u.Etag, resource.Offer(current.ID), current.Revision); err != nil {
			return current, err
		}
		wanted, unread := draft(current)
		next, invalid := domain.CheckOffer(apply(current, wanted, setters))
		tried, turnsUnique = next, next.UniqueCodes && !current.UniqueCodes
		if unread == nil && invalid == nil && next == current {
			return current, errUnchanged
		}
		tried.UpdateTime = s.Now()
		return tried, u.verdict(unread, invalid)
	})
	switch {
	case errors.Is(err, errUnchanged):
		return tried, nil
	case errors.Is(err, errTried):
		updated, err = tried, nil
		if turnsUnique {
			err = s.store.CheckUnshared(ctx, tried.ID, tried.UpdateTime)
		}
	}
	return updated, orMissing(err, domain.NoOffer(id), "changing an offer")
}

// offerFields are the fields of an offer that updates can change, by their API names.
func offerFields() map[string]field[domain.Offer] {
	type offer = domain.Offer
	return map[string]field[offer]{
		"display_name":              func(o *offer, from offer) { o.DisplayName = from.DisplayName },
		"landing_page_url":          func(o *offer, from offer) { o.LandingPageURL = from.LandingPageURL },
		"fallback_url":              func(o *offer, from offer) { o.FallbackURL = from.FallbackURL },
		"state":                     func(o *offer, from offer) { o.State = from.State },
		"postback_auth":             func(o *offer, from offer) { o.PostbackAuth = from.PostbackAuth },
		"precedence":                func(o *offer, from offer) { o.Precedence = from.Precedence },
		"click_window":              func(o *offer, from offer) { o.ClickWindow = from.ClickWindow },
		"coupon_grace":              func(o *offer, from offer) { o.CouponGrace = from.CouponGrace },
		"unique_codes":              func(o *offer, from offer) { o.UniqueCodes = from.UniqueCodes },
		"payout":                    func(o *offer, from offer) { o.Payout = from.Payout },
		"revenue":                   func(o *offer, from offer) { o.Revenue = from.Revenue },
		"payout_base":               func(o *offer, from offer) { o.PayoutBase = from.PayoutBase },
		"default_conversion_status": func(o *offer, from offer) { o.DefaultConversionStatus = from.DefaultConversionStatus },
		"forward_parameters":        func(o *offer, from offer) { o.ForwardParameters = from.ForwardParameters },
		"open_postback_max_amount":  func(o *offer, from offer) { o.OpenPostbackMaxAmount = from.OpenPostbackMaxAmount },
		"currency_code":             func(o *offer, from offer) { o.CurrencyCode = from.CurrencyCode },
	}
}
