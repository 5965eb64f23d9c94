package attribution

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// The reasons of a report whose offer is unknown.
const (
	offerNotFound   = "OFFER_NOT_FOUND"
	offerNotSettled = "OFFER_NOT_SETTLED"
)

// settleOffer finds the offer of a report: the one it names, else the token's, else the click's,
// else the only one that has the code.
func (s *Service) settleOffer(ctx context.Context, r domain.Report, click *domain.Click, call *Call) (domain.Offer, error) {
	id := r.Offer
	switch {
	case id != "":
	case r.Token != "":
		return s.offerByToken(ctx, r.Token, call)
	case click != nil:
		id = click.Offer
	case r.Code != "":
		only, err := s.onlyOfferWith(ctx, r)
		if err != nil {
			return domain.Offer{}, err
		}
		id = only
	}
	if id == "" {
		return domain.Offer{}, notSettled(r)
	}
	offer, err := s.catalog.Offer(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Offer{}, noOffer(r, id)
	}
	return offer, err
}

func (s *Service) offerByToken(ctx context.Context, token string, call *Call) (domain.Offer, error) {
	if !s.catalog.KnowsToken(token) {
		if err := call.doubt(ctx); err != nil {
			return domain.Offer{}, err
		}
	}
	offer, err := s.catalog.OfferByToken(ctx, token)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Offer{}, invalidToken()
	}
	return offer, err
}

// noOffer is NotFound for a platform service and InvalidArgument for an advertiser.
func noOffer(r domain.Report, id string) error {
	if r.Trusted {
		return apperr.New(apperr.NotFound, offerNotFound, "there is no offer %q", id)
	}
	return apperr.Invalid(offerNotFound, "offer_id", "there is no offer %q", id)
}

// onlyOfferWith returns the id of the only offer that has a report's codes; "" if none or several have them.
// Codes that no offer has are ignored if there are others.
func (s *Service) onlyOfferWith(ctx context.Context, r domain.Report) (string, error) {
	offers, err := s.offersWith(ctx, r.Code)
	if err != nil {
		return "", err
	}
	for _, code := range r.More {
		others, err := s.offersWith(ctx, code)
		switch {
		case err != nil:
			return "", err
		case len(offers) == 0:
			offers = others
		case len(others) > 0:
			offers = slices.DeleteFunc(offers, func(id string) bool { return !slices.Contains(others, id) })
			if len(offers) == 0 {
				return "", nil // the codes belong to different offers
			}
		}
	}
	if len(offers) != 1 {
		return "", nil
	}
	return offers[0], nil
}

// offersWith returns the ids of the offers that have a code.
func (s *Service) offersWith(ctx context.Context, code string) ([]string, error) {
	coupons, err := s.catalog.Coupons(ctx, "", code)
	if err != nil {
		return nil, err
	}
	var offers []string
	for _, c := range coupons {
		if !slices.Contains(offers, c.Offer) {
			offers = append(offers, c.Offer)
		}
	}
	return offers, nil
}

func notSettled(r domain.Report) error {
	if r.Trusted {
		return apperr.Invalid(offerNotSettled, "offer", "neither the click nor the code says which offer this sale is of; name the offer")
	}
	return apperr.Invalid(offerNotSettled, "offer_id", "neither a token, a known click nor the code says which offer this sale is of; send offer_id or token")
}

// authenticate says whether the reporter proved that it speaks for the offer's advertiser, and refuses the
// report if the proof is wrong or the offer requires one. If the offer requires a signature, a token proves
// nothing.
func authenticate(r domain.Report, offer domain.Offer, now time.Time) (bool, error) {
	switch {
	case r.Trusted:
		return true, nil
	case offer.Auth == domain.AuthHMAC:
		err := partner.CheckProof(r.Proof, offer, now)
		if partner.IsStrangers(err) && !offer.Credentials.Takes(r.Token, now) {
			err = refuseStranger(r)
		}
		return err == nil, err
	case r.Token != "":
		if !offer.Credentials.Takes(r.Token, now) {
			return false, invalidToken()
		}
		return true, nil
	case offer.Auth == domain.AuthOpen:
		return false, nil
	}
	return false, refuseStranger(r)
}

// authenticateLatest checks a proof that memory does not know against the offer as it is now: its credentials
// may be brand new. p has the offer that it was checked against.
func (s *Service) authenticateLatest(ctx context.Context, p settled) (settled, error) {
	err := p.call.doubt(ctx)
	if err != nil {
		return p, err
	}
	latest, err := s.catalog.LatestOffer(ctx, p.offer.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return p, refuseStranger(p.report)
	}
	if err != nil {
		return p, err
	}
	p.offer = latest
	p.authenticated, err = authenticate(p.report, p.offer, p.now)
	return p, err
}
