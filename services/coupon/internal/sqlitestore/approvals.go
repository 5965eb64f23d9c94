package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

func approvalsTable() *records[domain.Approval] {
	return newRecords("approvals", "", (*domain.Approval).ID, table.Of(table.Columns[domain.Approval]{
		table.Derived("id", func(a *domain.Approval) string { return a.ID() }),
		table.Text("offer", func(a *domain.Approval) *string { return &a.Offer }),
		table.Text("publisher", func(a *domain.Approval) *string { return &a.Publisher }),
		table.Text("state", func(a *domain.Approval) *domain.ApprovalState { return &a.State }),
		table.Text("source", func(a *domain.Approval) *domain.ApprovalSource { return &a.Source }),
		table.Time("create_time", func(a *domain.Approval) *time.Time { return &a.CreateTime }),
		table.Time("update_time", func(a *domain.Approval) *time.Time { return &a.UpdateTime }),
		table.Number("revision", func(a *domain.Approval) *int64 { return &a.Revision }),
	}, payoutColumns("payout", func(a *domain.Approval) *money.Payout { return &a.Payout })),
		func(a *domain.Approval) *int64 { return &a.Revision },
		func(a *domain.Approval) string { return resource.Approval(a.Offer, a.Publisher) })
}

// Approval returns the approval of a publisher on an offer.
func (s *Store) Approval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	return s.approvals.first(ctx, s.reader(), "id = ?", domain.ApprovalID(offer, publisher))
}

// Approvals returns the approvals that a query selects.
func (s *Store) Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error) {
	return s.approvals.list(ctx, s.reports(), q)
}

// PutApproval replaces the approval of a publisher on an offer by the result of change.
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

// storeApproval writes an approval in place of the earlier one, nil if it is new, and increments the revision.
func (s *Store) storeApproval(ctx context.Context, tx *sql.Tx, before *domain.Approval, after domain.Approval) (domain.Approval, error) {
	if before == nil {
		after.Revision = 1
		return after, s.approvals.insert(ctx, tx, after)
	}
	after.Revision = before.Revision + 1
	return after, s.approvals.replace(ctx, tx, *before, after)
}

// clone returns a copy, so that its holder cannot change the original.
func clone(a *domain.Approval) *domain.Approval {
	if a == nil {
		return nil
	}
	other := *a
	return &other
}
