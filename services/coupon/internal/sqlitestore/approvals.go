package sqlitestore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func approvalsTable() *table[rules.Approval] {
	return &table[rules.Approval]{
		name: "approvals",
		columns: slices.Concat(
			[]string{"id", "offer", "publisher", "state", "source"},
			payoutColumns("payout"),
			[]string{"create_time", "update_time", "revision"}),
		values: func(a rules.Approval) []any {
			return slices.Concat(
				[]any{a.ID(), a.Offer, a.Publisher, string(a.State), string(a.Source)},
				payoutValues(a.Payout),
				[]any{a.CreateTime.UnixMilli(), a.UpdateTime.UnixMilli(), a.Revision})
		},
		scan: func(r row) (a rules.Approval, err error) {
			var id string // It is made of the offer and the publisher.
			err = r.Scan(slices.Concat(
				[]any{&id, &a.Offer, &a.Publisher, &a.State, &a.Source},
				scanPayout(&a.Payout),
				[]any{millis{&a.CreateTime}, millis{&a.UpdateTime}, &a.Revision})...)
			return a, err
		},
		id:       rules.Approval.ID,
		revision: func(a *rules.Approval) *int64 { return &a.Revision },
	}
}

// Approval returns the approval of a publisher on an offer.
func (s *Store) Approval(ctx context.Context, offer, publisher string) (rules.Approval, error) {
	return s.approvals.first(ctx, s.db.Read(), "id = ?", rules.ApprovalID(offer, publisher))
}

// Approvals returns the approvals that a query selects.
func (s *Store) Approvals(ctx context.Context, q listing.Query) ([]rules.Approval, error) {
	return s.approvals.list(ctx, s.db.Reports(), q)
}

// PutApproval stores what change makes of the approval of a publisher on an offer.
func (s *Store) PutApproval(
	ctx context.Context, offer, publisher string, change func(*rules.Approval) (rules.Approval, error),
) (rules.Approval, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (rules.Approval, error) {
		before, err := s.approvals.find(ctx, tx, rules.ApprovalID(offer, publisher))
		if err != nil {
			return rules.Approval{}, err
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
func (s *Store) storeApproval(ctx context.Context, tx *sql.Tx, before *rules.Approval, after rules.Approval) (rules.Approval, error) {
	if before == nil {
		after.Revision = 1
		return after, s.approvals.insert(ctx, tx, after)
	}
	after.Revision = before.Revision + 1
	return after, s.approvals.replace(ctx, tx, after)
}

// clone returns a copy, so that who is given it cannot change what it was made from.
func clone(a *rules.Approval) *rules.Approval {
	if a == nil {
		return nil
	}
	other := *a
	return &other
}
