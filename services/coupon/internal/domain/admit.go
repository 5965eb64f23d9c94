package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// AdmitCoupon decides whether a coupon may be created and returns what to write: the coupon and, if its
// publisher is not approved on the offer yet, an approval. draft must come from CheckCoupon. Duplicates are
// refused first, so that repeated requests for one coupon always get the same answer.
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

// checkStanding returns why a coupon cannot be created now, on the fields of the request; nil if it can.
func checkStanding(draft Coupon, standing Standing) error {
	if err := CheckParties(draft.Offer, standing.Offer, draft.Publisher, standing.Publisher); err != nil {
		return err
	}
	if standing.Exists {
		return apperr.New(apperr.AlreadyExists, "COUPON_EXISTS", "publisher %s has the code %s on offer %s already, in upper or lower case",
			draft.Publisher, couponcode.Fold(draft.Code), draft.Offer).On("code").
			With("coupon", draft.Name()).With("publisher", resource.Publisher(draft.Publisher)).With("offer", resource.Offer(draft.Offer))
	}
	if standing.Offer.UniqueCodes {
		if taken := clashOf(standing.Holds, HoldOf(draft)); taken != nil {
			return taken.refuse(draft, "have another code").On("code")
		}
	}
	var found apperr.Findings
	if standing.Offer.State == OfferArchived {
		found.Add(offerArchived(*standing.Offer).On("parent"))
	}
	if standing.Publisher.State == PublisherArchived {
		found.Add(publisherArchived(*standing.Publisher).On("publisher"))
	}
	if standing.Approval != nil && standing.Approval.State == ApprovalBlocked {
		found.Add(apperr.New(apperr.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher %s is blocked on offer %s", draft.Publisher, draft.Offer).
			On("publisher").With("publisher", resource.Publisher(draft.Publisher)).With("offer", resource.Offer(draft.Offer)))
	}
	return found.Err()
}

// CheckParties checks that the offer and publisher that a request names as `parent` and `publisher` exist. If
// one is nil, the error is NOT_FOUND with OFFER_NOT_FOUND or PUBLISHER_NOT_FOUND.
func CheckParties(offerID string, offer *Offer, publisherID string, publisher *Publisher) error {
	var found apperr.Findings
	if offer == nil {
		found.Add(NoOffer(offerID).On("parent"))
	}
	if publisher == nil {
		found.Add(NoPublisher(publisherID).On("publisher"))
	}
	return found.Err()
}

// CheckNotArchived refuses an archived offer or publisher: FAILED_PRECONDITION with OFFER_ARCHIVED or
// PUBLISHER_ARCHIVED.
func CheckNotArchived(offer Offer, publisher Publisher) error {
	var found apperr.Findings
	if offer.State == OfferArchived {
		found.Add(offerArchived(offer))
	}
	if publisher.State == PublisherArchived {
		found.Add(publisherArchived(publisher))
	}
	return found.Err()
}

func offerArchived(o Offer) *apperr.Error {
	return apperr.New(apperr.FailedPrecondition, "OFFER_ARCHIVED", "offer %s is archived", o.ID).With("offer", resource.Offer(o.ID))
}

func publisherArchived(p Publisher) *apperr.Error {
	return apperr.New(apperr.FailedPrecondition, "PUBLISHER_ARCHIVED", "publisher %s is archived", p.ID).With("publisher", resource.Publisher(p.ID))
}

// NoOffer returns the error for an offer that does not exist: NOT_FOUND, OFFER_NOT_FOUND.
func NoOffer(id string) *apperr.Error {
	return apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer %s", id).With("offer", resource.Offer(id))
}

// NoPublisher returns the error for a publisher that does not exist: NOT_FOUND,
// PUBLISHER_NOT_FOUND.
func NoPublisher(id string) *apperr.Error {
	return apperr.New(apperr.NotFound, "PUBLISHER_NOT_FOUND", "there is no publisher %s", id).With("publisher", resource.Publisher(id))
}

// approvalByCoupon returns the approval that a new coupon gives its publisher; nil if the publisher is
// approved already.
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
