package flow

import (
	"context"
	"errors"

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
				publisher, current.State, offer).With("offer", rules.OfferName(offer)).With("publisher", rules.PublisherName(publisher))
		}
		return s.standing(offer, publisher, nil, rules.ApprovalPending), nil
	})
}

// Approval returns a publisher's approval on an offer. Errors: NotFound, APPROVAL_NOT_FOUND.
func (s *Service) Approval(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	approval, err := s.store.Approval(ctx, offer, publisher)
	return approval, orMissing(err, noApproval(offer, publisher), "reading an approval")
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

// UpdateApproval changes some fields of the approval of a publisher on an offer to what they are in a draft. If that
// changes nothing, nothing is stored. Errors: NotFound, APPROVAL_NOT_FOUND; InvalidArgument; Aborted, ETAG_MISMATCH.
func (s *Service) UpdateApproval(
	ctx context.Context, offer, publisher string, draft Draft[rules.Approval], u Update,
) (rules.Approval, error) {
	setters, err := pick(u, approvalFields())
	if err != nil {
		return rules.Approval{}, err
	}
	var tried rules.Approval
	updated, err := s.putApproval(ctx, offer, publisher, func(current *rules.Approval) (rules.Approval, error) {
		if current == nil {
			return rules.Approval{}, noApproval(offer, publisher)
		}
		name := rules.ApprovalName(current.Offer, current.Publisher)
		if err := rules.MatchEtag(u.Etag, name, current.Revision); err != nil {
			return rules.Approval{}, err
		}
		wanted, unread := draft(*current)
		var invalid error
		tried, invalid = rules.CheckApproval(apply(*current, wanted, setters))
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

// approvalFields are the fields of an approval that can be changed, by their API names. The standing
// is changed by ApprovePublisher and BlockPublisher only.
func approvalFields() map[string]field[rules.Approval] {
	return map[string]field[rules.Approval]{
		"payout": func(a *rules.Approval, from rules.Approval) { a.Payout = from.Payout },
	}
}

func noApproval(offer, publisher string) error {
	return apperr.New(apperr.NotFound, "APPROVAL_NOT_FOUND", "publisher %s has no approval on offer %s", publisher, offer).
		With("offer", rules.OfferName(offer)).With("publisher", rules.PublisherName(publisher))
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
	offer, offerErr := s.Offer(ctx, offerID)
	publisher, publisherErr := s.Publisher(ctx, publisherID)
	return offer, publisher, apperr.Join(offerErr, publisherErr)
}
