package mongostore

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/flow"
	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

func approvalsOf(db *mongodb.DB) *collection[rules.Approval, approvalDocument] {
	return &collection[rules.Approval, approvalDocument]{
		stored:   db.Collection("approvals"),
		encode:   encodeApproval,
		id:       rules.Approval.ID,
		revision: func(a *rules.Approval) *int64 { return &a.Revision },
	}
}

// Approval returns the approval of a publisher on an offer.
func (s *Store) Approval(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	return s.approvals.first(ctx, byID(rules.ApprovalID(offer, publisher)))
}

// Approvals returns the approvals that a query selects.
func (s *Store) Approvals(ctx context.Context, q listing.Query) ([]rules.Approval, error) {
	return s.approvals.list(ctx, q)
}

// PutApproval stores what change makes of the approval of a publisher on an offer.
func (s *Store) PutApproval(
	ctx context.Context, offer, publisher string, change func(*rules.Approval) (rules.Approval, error),
) (rules.Approval, error) {
	return withoutCollision(ctx, func() (rules.Approval, error) {
		before, err := s.approvals.find(ctx, rules.ApprovalID(offer, publisher))
		if err != nil {
			return rules.Approval{}, err
		}
		after, err := change(clone(before))
		if err != nil || before != nil && after == *before {
			return after, err
		}
		return s.storeApproval(ctx, before, after)
	})
}

// storeApproval writes an approval in the place of the one before it, nil for none, or returns
// errCollision if that is not what is stored.
func (s *Store) storeApproval(ctx context.Context, before *rules.Approval, after rules.Approval) (rules.Approval, error) {
	if before != nil {
		return s.approvals.replace(ctx, *before, after)
	}
	after.Revision = 1
	err := s.approvals.insert(ctx, after)
	if errors.Is(err, flow.ErrExists) {
		err = errCollision
	}
	return after, err
}

// clone returns a copy, so that who is given it cannot change what it was made from.
func clone(a *rules.Approval) *rules.Approval {
	if a == nil {
		return nil
	}
	other := *a
	return &other
}
