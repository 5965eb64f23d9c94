package mongostore

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func approvalsOf(db *mongodb.DB) *collection[domain.Approval, approvalDocument] {
	return &collection[domain.Approval, approvalDocument]{
		stored:   db.Collection("approvals"),
		encode:   encodeApproval,
		id:       domain.Approval.ID,
		revision: func(a *domain.Approval) *int64 { return &a.Revision },
		resource: func(a domain.Approval) string { return resource.Approval(a.Offer, a.Publisher) },
	}
}

// Approval returns the approval of a publisher on an offer.
func (s *Store) Approval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	return s.approvals.first(ctx, byID(domain.ApprovalID(offer, publisher)))
}

// Approvals returns the approvals that a query selects.
func (s *Store) Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error) {
	return s.approvals.list(ctx, q)
}

// PutApproval stores what change makes of the approval of a publisher on an offer.
func (s *Store) PutApproval(
	ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error),
) (domain.Approval, error) {
	return withoutCollision(ctx, func() (domain.Approval, error) {
		before, err := s.approvals.find(ctx, domain.ApprovalID(offer, publisher))
		if err != nil {
			return domain.Approval{}, err
		}
		after, err := change(clone(before))
		if err != nil || before != nil && after == *before {
			return after, err
		}
		return s.storeApproval(ctx, before, after)
	})
}

// storeApproval replaces the approval before, or inserts one if before is nil. It returns errCollision if
// before is not what is stored.
func (s *Store) storeApproval(ctx context.Context, before *domain.Approval, after domain.Approval) (domain.Approval, error) {
	if before != nil {
		return s.approvals.replace(ctx, *before, after)
	}
	after.Revision = 1
	err := s.approvals.insert(ctx, after)
	if errors.Is(err, app.ErrExists) {
		err = errCollision
	}
	return after, err
}

// clone returns a copy, so that callers cannot change the original.
func clone(a *domain.Approval) *domain.Approval {
	if a == nil {
		return nil
	}
	other := *a
	return &other
}
