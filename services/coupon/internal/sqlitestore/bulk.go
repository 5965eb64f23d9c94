package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// codesPerQuery is how many codes one query asks for.
const codesPerQuery = 500

// CreateCoupons is CreateCoupon for many coupons and their approvals, in one transaction.
func (s *Store) CreateCoupons(
	ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error),
) ([]domain.Plan, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) ([]domain.Plan, error) {
		standings, err := s.standings(ctx, tx, drafts)
		if err != nil {
			return nil, err
		}
		before := maps.Clone(standings.Approvals)
		plans, err := plan(standings)
		if err != nil {
			return nil, err
		}
		return plans, s.carryOut(ctx, tx, before, plans)
	})
}

// carryOut writes the plans, and sets the approvals' revisions in them. before has the stored approvals.
func (s *Store) carryOut(ctx context.Context, tx *sql.Tx, before map[string]*domain.Approval, plans []domain.Plan) error {
	coupons := make([]domain.Coupon, len(plans))
	for i := range plans {
		coupons[i] = plans[i].Coupon
		if plans[i].Approval == nil {
			continue
		}
		approval, err := s.storeApproval(audit.BySystem(ctx), tx, before[plans[i].Approval.ID()], *plans[i].Approval)
		if err != nil {
			return err
		}
		plans[i].Approval = &approval
		before[approval.ID()] = clone(&approval)
	}
	return s.coupons.insertAll(ctx, tx, coupons)
}

// standings reads what is stored about coupons to be created.
func (s *Store) standings(ctx context.Context, tx *sql.Tx, drafts []domain.Coupon) (*domain.Standings, error) {
	found := domain.NewStandings(drafts)
	codes := map[string][]string{} // by offer, folded
	for _, draft := range drafts {
		err := errors.Join(
			findOnce(ctx, tx, s.offers, found.Offers, draft.Offer),
			findOnce(ctx, tx, s.publishers, found.Publishers, draft.Publisher),
			findOnce(ctx, tx, s.approvals, found.Approvals, domain.ApprovalID(draft.Offer, draft.Publisher)))
		if err != nil {
			return nil, err
		}
		codes[draft.Offer] = append(codes[draft.Offer], couponcode.Fold(draft.Code))
	}
	for offer, all := range codes {
		for some := range slices.Chunk(all, codesPerQuery) {
			if err := s.addHolders(ctx, tx, found, offer, some); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// findOnce puts the row with a key into found, nil if no row has it, unless found has the key already.
func findOnce[T any](ctx context.Context, tx *sql.Tx, t *records[T], found map[string]*T, id string) error {
	if _, ok := found[id]; ok {
		return nil
	}
	item, err := t.find(ctx, tx, id)
	found[id] = item
	return err
}

// addHolders notes who has some codes on an offer. The codes are folded.
func (s *Store) addHolders(ctx context.Context, tx *sql.Tx, found *domain.Standings, offer string, codes []string) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(codes)), ", ")
	query := holdColumns.From("coupons") + " WHERE code_key IN (" + marks + ") AND offer = ?"
	args := make([]any, 0, len(codes)+1)
	for _, code := range codes {
		args = append(args, code)
	}
	_, err := collect(ctx, tx, func(r row) (none struct{}, err error) {
		holder, err := holdColumns.Read(r)
		found.AddHolder(holder)
		return none, err
	}, query, append(args, offer)...)
	return err
}
