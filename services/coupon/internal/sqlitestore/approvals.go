package sqlitestore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func approvalsTable() *table[domain.Approval] {
	return &table[domain.Approval]{
		name: "approvals",
		columns: slices.Concat(
			[]string{"id", "offer", "publisher", "state", "source"},
			payoutColumns("payout"),
			[]string{"create_time", "update_time", "revision"}),
		values: func(a domain.Approval) []any {
			return slices.Concat(
				[]any{a.ID(), a.Offer, a.Publisher, string(a.State), string(a.Source)},
				payoutValues(a.Payout),
				[]any{a.CreateTime.UnixMilli(), a.UpdateTime.UnixMilli(), a.Revision})
		},
		scan: func(r row) (a domain.Approval, err error) {
			var id string // It is made of the offer and the publisher.
			err = r.Scan(slices.Concat(
				[]any{&id, &a.Offer, &a.Publisher, &a.State, &a.Source},
				scanPayout(&a.Payout),
				[]any{millis{&a.CreateTime}, millis{&a.UpdateTime}, &a.Revision})...)
			return a, err
		},
		id:       domain.Approval.ID,
		revision: func(a *domain.Approval) *int64 { return &a.Revision },
	}
}

// Approval returns the approval of a publisher on an offer.
func (s *Store) Approval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	return s.approvals.first(ctx, s.db.Read(), "id = ?", domain.ApprovalID(offer, publisher))
}

// Approvals returns the approvals that a query selects.
func (s *Store) Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error) {
	return s.approvals.list(ctx, s.db.Reports(), q)
}

// PutApproval stores what change makes of the approval of a publisher on an offer.
func (s *Store) PutApproval(
	ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error),
) (domain.Approval, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Approval, error) {
		before, err := s.approvals.find(ctx, tx, domain.ApprovalID(offer, publisher))
		if err != nil {
			return domain.Approval{}, err
		}
		given := clone(before)
		after, err := change(given)
		if err != nil || before != nil && after == *before {
			return after, err
		}
		return s.storeApproval(ctx, tx, before, after)
	})
}

// storeApproval writes an approval in the place of the one before it, nil for none, and counts up
// the revision.
func (s *Store) storeApproval(ctx context.Context, tx *sql.Tx, before *domain.Approval, after domain.Approval) (domain.Approval, error) {
	if before == nil {
		after.Revision = 1
		return after, s.approvals.insert(ctx, tx, after)
	}
	after.Revision = before.Revision + 1
	return after, s.approvals.replace(ctx, tx, after)
}

// clone returns a copy, so that who is given it cannot change what it was made from.
func clone(a *domain.Approval) *domain.Approval {
	if a == nil {
		return nil
	}
	other := *a
	return &other
}
