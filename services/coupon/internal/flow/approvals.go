package flow

import (
	"context"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// CreateApproval records that a publisher asks to promote an offer. Errors: NotFound,
// OFFER_NOT_FOUND or PUBLISHER_NOT_FOUND; FailedPrecondition, OFFER_ARCHIVED or
// PUBLISHER_ARCHIVED; AlreadyExists, APPROVAL_EXISTS.
func (s *Service) CreateApproval(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	if err := s.checkOpen(ctx, offer, publisher); err != nil {
		return rules.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *rules.Approval) (rules.Approval, error) {
		if current != nil {
			return *current, apperr.New(apperr.AlreadyExists, "APPROVAL_EXISTS", "publisher %s is %s on offer %s already",
				publisher, current.State, offer)
		}
		return s.standing(offer, publisher, nil, rules.ApprovalPending), nil
	})
}

// Approval returns a publisher's approval on an offer. Errors: NotFound, APPROVAL_NOT_FOUND.
func (s *Service) Approval(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	approval, err := s.store.Approval(ctx, offer, publisher)
	missing := apperr.New(apperr.NotFound, "APPROVAL_NOT_FOUND", "publisher %s has no approval on offer %s", publisher, offer)
	return approval, orMissing(err, missing, "reading an approval")
}

// Approvals returns a page of the approvals on an offer, or on all where offer is empty, and the
// token of the next page. Errors: InvalidArgument; NotFound, OFFER_NOT_FOUND.
func (s *Service) Approvals(ctx context.Context, offer string, req listing.Request) ([]rules.Approval, string, error) {
	scope, err := s.scope(ctx, offer)
	if err != nil {
		return nil, "", err
	}
	return list(ctx, s, s.approvals, req, scope, s.store.Approvals, approvalValue)
}

// ApprovePublisher approves a publisher on an offer. Errors: NotFound, OFFER_NOT_FOUND or
// PUBLISHER_NOT_FOUND; FailedPrecondition, OFFER_ARCHIVED or PUBLISHER_ARCHIVED.
func (s *Service) ApprovePublisher(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	if err := s.checkOpen(ctx, offer, publisher); err != nil {
		return rules.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *rules.Approval) (rules.Approval, error) {
		return s.standing(offer, publisher, current, rules.ApprovalApproved), nil
	})
}

// BlockPublisher blocks a publisher on an offer. Errors: NotFound, OFFER_NOT_FOUND or
// PUBLISHER_NOT_FOUND.
func (s *Service) BlockPublisher(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	if _, _, err := s.parties(ctx, offer, publisher); err != nil {
		return rules.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *rules.Approval) (rules.Approval, error) {
		return s.standing(offer, publisher, current, rules.ApprovalBlocked), nil
	})
}

// standing returns an approval in a state given by hand: the current one itself where it is in
// that state already.
func (s *Service) standing(offer, publisher string, current *rules.Approval, state rules.ApprovalState) rules.Approval {
	now := s.Now()
	next := rules.Approval{Offer: offer, Publisher: publisher, CreateTime: now, Revision: 1}
	if current != nil {
		next = *current
	}
	if next.State != state {
		next.State, next.Source, next.UpdateTime = state, rules.SourceManual, now
	}
	return next
}

func (s *Service) putApproval(
	ctx context.Context, offer, publisher string, change func(*rules.Approval) (rules.Approval, error),
) (rules.Approval, error) {
	defer s.memory.forget()
	approval, err := s.store.PutApproval(ctx, offer, publisher, change)
	return approval, orMissing(err, err, "storing an approval")
}

// checkOpen refuses an offer and a publisher that do not exist or are archived.
func (s *Service) checkOpen(ctx context.Context, offerID, publisherID string) error {
	offer, publisher, err := s.parties(ctx, offerID, publisherID)
	if err != nil {
		return err
	}
	return rules.CheckNotArchived(offer, publisher)
}

// parties returns an offer and a publisher, both of which must exist.
func (s *Service) parties(ctx context.Context, offerID, publisherID string) (rules.Offer, rules.Publisher, error) {
	offer, err := s.Offer(ctx, offerID)
	if err != nil {
		return rules.Offer{}, rules.Publisher{}, err
	}
	publisher, err := s.Publisher(ctx, publisherID)
	return offer, publisher, err
}
