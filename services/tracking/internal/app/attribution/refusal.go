package attribution

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// invalidTokenReason is the reason of a report whose token is not the offer's.
const invalidTokenReason = "INVALID_TOKEN"

// IsGuess says whether a report was refused for a proof that is not the offer's: somebody may be guessing.
func IsGuess(err error) bool {
	e := apperr.As(err)
	return e != nil && (e.Reason == invalidTokenReason || e.Reason == partner.InvalidSignature)
}

// refuseStranger refuses a report from outside that no offer takes. The refusal depends on the kind of proof that was
// sent, and on nothing that is stored: it does not tell which offers and codes exist, or what an offer takes.
func refuseStranger(r domain.Report) error {
	switch {
	case r.Token != "":
		return invalidToken()
	case r.Proof.Sent:
		return apperr.New(apperr.Unauthenticated, partner.InvalidSignature,
			"the signature is not made with the postback secret of the offer that offer_id, click_id or the code say, or not over what was sent; sign the body of a POST byte for byte, and all parameters of a GET but sig")
	default:
		return missingToken()
	}
}

func missingToken() error {
	return apperr.New(apperr.Unauthenticated, "MISSING_TOKEN",
		"token: this is taken only with the offer's postback token as token, or with a signature; the offer's settings say which, and offer_id says which offer")
}

func invalidToken() error {
	return apperr.New(apperr.Unauthenticated, invalidTokenReason,
		"token: this is no postback token of the offer that the sale is of, or no longer; the offer's settings show it, and its id for offer_id")
}

// unsettled returns the refusal of a report that no offer was found for; err says why. A caller who names nothing, or
// only offers that take reports from anybody, learns nothing from it.
func (s *Service) unsettled(ctx context.Context, r domain.Report, err error) error {
	e := apperr.As(err)
	if r.Trusted || e == nil || e.Reason != offerNotFound && e.Reason != offerNotSettled {
		return err
	}
	if r.Offer != "" && !resource.IsID(r.Offer) {
		return err // no offer can have that id
	}
	if e.Reason == offerNotSettled && r.Token == "" && !r.Proof.Sent && (namesNothing(r) || s.areOpen(ctx, r)) {
		return err
	}
	return refuseStranger(r)
}

// namesNothing reports whether a report has nothing that could settle its offer, but perhaps a token.
func namesNothing(r domain.Report) bool { return r.Offer == "" && r.Code == "" && r.ClickID == "" }

// areOpen reports whether several offers have a report's code, and each takes reports from anybody.
func (s *Service) areOpen(ctx context.Context, r domain.Report) bool {
	if r.Code == "" {
		return false
	}
	offers, err := s.offersWith(ctx, r.Code)
	if err != nil || len(offers) < 2 {
		return false
	}
	for _, id := range offers {
		if offer, err := s.catalog.Offer(ctx, id); err != nil || offer.Auth != domain.AuthOpen {
			return false
		}
	}
	return true
}
