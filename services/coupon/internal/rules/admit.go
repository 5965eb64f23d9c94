package rules

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// AdmitCoupon decides whether a coupon may be created and what to write for it: the coupon, and
// the approval of its publisher where the offer has not approved it yet. It takes a draft that
// CheckCoupon returned. Duplicates are refused before anything else, so that a second request for
// one coupon always gets the same answer.
func AdmitCoupon(draft Coupon, standing Standing, now time.Time) (Plan, error) {
	if err := checkStanding(draft, standing); err != nil {
		return Plan{}, err
	}
	draft.CreateTime, draft.UpdateTime, draft.Revision = now, now, 1
	return Plan{
		Coupon:     draft,
		Approval:   approvalByCoupon(draft, standing.Approval, now),
		SharedWith: standing.SharedWith,
	}, nil
}

// checkStanding says why a coupon cannot be created as things stand.
func checkStanding(draft Coupon, standing Standing) error {
	if err := CheckParties(draft.Offer, standing.Offer, draft.Publisher, standing.Publisher); err != nil {
		return err
	}
	if standing.Exists {
		return apperr.New(apperr.AlreadyExists, "COUPON_EXISTS", "publisher %s has the code %s on offer %s already; case does not matter",
			draft.Publisher, couponcode.Fold(draft.Code), draft.Offer).With("coupon", draft.Name())
	}
	if standing.Offer.UniqueCodes && len(standing.SharedWith) > 0 {
		return apperr.New(apperr.AlreadyExists, "CODE_TAKEN", "publisher %s has the code %s on offer %s, which allows a code for one publisher only",
			standing.SharedWith[0], couponcode.Fold(draft.Code), draft.Offer).
			With("coupon", CouponName(draft.Offer, standing.SharedWith[0], draft.Code))
	}
	if err := CheckNotArchived(*standing.Offer, *standing.Publisher); err != nil {
		return err
	}
	if standing.Approval != nil && standing.Approval.State == ApprovalBlocked {
		return apperr.New(apperr.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher %s is blocked on offer %s", draft.Publisher, draft.Offer)
	}
	return nil
}

// CheckParties says which of an offer and a publisher does not exist: NOT_FOUND with
// OFFER_NOT_FOUND or PUBLISHER_NOT_FOUND for one that is nil.
func CheckParties(offerID string, offer *Offer, publisherID string, publisher *Publisher) error {
	if offer == nil {
		return NoOffer(offerID)
	}
	if publisher == nil {
		return NoPublisher(publisherID)
	}
	return nil
}

// CheckNotArchived refuses an archived offer and an archived publisher: FAILED_PRECONDITION with
// OFFER_ARCHIVED or PUBLISHER_ARCHIVED.
func CheckNotArchived(offer Offer, publisher Publisher) error {
	if offer.State == OfferArchived {
		return apperr.New(apperr.FailedPrecondition, "OFFER_ARCHIVED", "offer %s is archived", offer.ID)
	}
	if publisher.State == PublisherArchived {
		return apperr.New(apperr.FailedPrecondition, "PUBLISHER_ARCHIVED", "publisher %s is archived", publisher.ID)
	}
	return nil
}

// NoOffer returns the error for an offer that does not exist: NOT_FOUND, OFFER_NOT_FOUND.
func NoOffer(id string) error {
	return apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer %s", id)
}

// NoPublisher returns the error for a publisher that does not exist: NOT_FOUND,
// PUBLISHER_NOT_FOUND.
func NoPublisher(id string) error {
	return apperr.New(apperr.NotFound, "PUBLISHER_NOT_FOUND", "there is no publisher %s", id)
}

// approvalByCoupon returns the approval that a new coupon gives its publisher; nil where it has one.
func approvalByCoupon(draft Coupon, standing *Approval, now time.Time) *Approval {
	approval := Approval{Offer: draft.Offer, Publisher: draft.Publisher, CreateTime: now}
	if standing != nil {
		approval = *standing
	}
	if approval.State == ApprovalApproved {
		return nil
	}
	approval.State, approval.Source, approval.UpdateTime = ApprovalApproved, SourceCoupon, now
	approval.Revision++
	return &approval
}
