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

// CreateApproval records that a publisher asks to promote an offer. Errors: NotFound (OFFER_NOT_FOUND,
// PUBLISHER_NOT_FOUND); FailedPrecondition (OFFER_ARCHIVED, PUBLISHER_ARCHIVED); AlreadyExists
// (APPROVAL_EXISTS).
func (s *Service) CreateApproval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	if err := s.checkOpen(ctx, offer, publisher); err != nil {
		return domain.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *domain.Approval) (domain.Approval, error) {
		if current != nil {
			return *current, apperr.New(apperr.AlreadyExists, "APPROVAL_EXISTS", "publisher %s is %s on offer %s already",
				publisher, current.State, offer).With("offer", resource.Offer(offer)).With("publisher", resource.Publisher(publisher))
		}
		return s.standing(offer, publisher, nil, domain.ApprovalPending), nil
	})
}

// Approval returns a publisher's approval on an offer. Errors: NotFound, APPROVAL_NOT_FOUND.
func (s *Service) Approval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	approval, err := s.store.Approval(ctx, offer, publisher)
	return approval, orMissing(err, noApproval(offer, publisher), "reading an approval")
}

// Approvals returns a page of the approvals on an offer, or on all offers if offer is "", and the next page's
// token. Errors: InvalidArgument; NotFound, OFFER_NOT_FOUND.
func (s *Service) Approvals(ctx context.Context, offer string, req listing.Request) ([]domain.Approval, string, error) {
	scope, err := s.scope(ctx, offer)
	if err != nil {
		return nil, "", err
	}
	return list(ctx, s, s.approvals, req, rows.Of(ctx).In("publisher", "offer"), scope, s.store.Approvals, approvalValue)
}

// ApprovePublisher approves a publisher on an offer. Errors: NotFound, OFFER_NOT_FOUND or
// PUBLISHER_NOT_FOUND; FailedPrecondition, OFFER_ARCHIVED or PUBLISHER_ARCHIVED.
func (s *Service) ApprovePublisher(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	if err := s.checkOpen(ctx, offer, publisher); err != nil {
		return domain.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *domain.Approval) (domain.Approval, error) {
		return s.standing(offer, publisher, current, domain.ApprovalApproved), nil
	})
}

// BlockPublisher blocks a publisher on an offer. Errors: NotFound, OFFER_NOT_FOUND or
// PUBLISHER_NOT_FOUND.
func (s *Service) BlockPublisher(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	if _, _, err := s.parties(ctx, offer, publisher); err != nil {
		return domain.Approval{}, err
	}
	return s.putApproval(ctx, offer, publisher, func(current *domain.Approval) (domain.Approval, error) {
		return s.standing(offer, publisher, current, domain.ApprovalBlocked), nil
	})
}

// UpdateApproval sets some fields of a publisher's approval on an offer to their values in a draft. If that
// changes nothing, nothing is stored. Errors: NotFound, APPROVAL_NOT_FOUND; InvalidArgument; Aborted,
// ETAG_MISMATCH.
func (s *Service) UpdateApproval(
	ctx context.Context, offer, publisher string, draft Draft[domain.Approval], u Update,
) (domain.Approval, error) {
	setters, err := pick(u, approvalFields())
	if err != nil {
		return domain.Approval{}, err
	}
	var tried domain.Approval
	updated, err := s.putApproval(ctx, offer, publisher, func(current *domain.Approval) (domain.Approval, error) {
		if current == nil {
			return domain.Approval{}, noApproval(offer, publisher)
		}
		name := resource.Approval(current.Offer, current.Publisher)
		if err := domain.MatchEtag(u.Etag, name, current.Revision); err != nil {
			return domain.Approval{}, err
		}
		wanted, unread := draft(*current)
		var invalid error
		tried, invalid = domain.CheckApproval(apply(*current, wanted, setters))
		if unread == nil && invalid == nil && tried == *current {
			return *current, nil
		}
		tried.UpdateTime = s.Now()
		return tried, u.verdict(unread, invalid)
	})
	if errors.Is(err, errTried) {
		return tried, nil
	}
	return updated, err
}

// approvalFields are the fields of an approval that updates can change, by their API names. The state changes
// only through ApprovePublisher and BlockPublisher.
func approvalFields() map[string]field[domain.Approval] {
	return map[string]field[domain.Approval]{
		"payout": func(a *domain.Approval, from domain.Approval) { a.Payout = from.Payout },
	}
}

func noApproval(offer, publisher string) error {
	return apperr.New(apperr.NotFound, "APPROVAL_NOT_FOUND", "publisher %s has no approval on offer %s", publisher, offer).
		With("offer", resource.Offer(offer)).With("publisher", resource.Publisher(publisher))
}

// standing returns an approval with a state set by a person. If current has that state already, it returns
// current itself.
func (s *Service) standing(offer, publisher string, current *domain.Approval, state domain.ApprovalState) domain.Approval {
	now := s.Now()
	next := domain.Approval{Offer: offer, Publisher: publisher, CreateTime: now, Revision: 1}
	if current != nil {
		next = *current
	}
	if next.State != state {
		next.State, next.Source, next.UpdateTime = state, domain.SourceManual, now
	}
	return next
}

func (s *Service) putApproval(
	ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error),
) (domain.Approval, error) {
	defer s.memory.forget()
	approval, err := s.store.PutApproval(ctx, offer, publisher, change)
	return approval, orMissing(err, err, "storing an approval")
}

// checkOpen refuses an offer or a publisher that does not exist or is archived.
func (s *Service) checkOpen(ctx context.Context, offerID, publisherID string) error {
	offer, publisher, err := s.parties(ctx, offerID, publisherID)
	if err != nil {
		return err
	}
	return domain.CheckNotArchived(offer, publisher)
}

// parties returns an offer and a publisher. It is an error if either does not exist.
func (s *Service) parties(ctx context.Context, offerID, publisherID string) (domain.Offer, domain.Publisher, error) {
	offer, offerErr := s.Offer(ctx, offerID)
	publisher, publisherErr := s.Publisher(ctx, publisherID)
	return offer, publisher, apperr.Join(offerErr, publisherErr)
}
