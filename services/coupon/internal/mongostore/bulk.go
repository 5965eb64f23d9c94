package mongostore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

const (
	// codesPerQuery is the number of codes in one query.
	codesPerQuery = 1000
	// bulkTimeout bounds the creation of many coupons. Servers end transactions after a minute.
	bulkTimeout = 50 * time.Second
)

// CreateCoupons writes many planned coupons and their approvals in one transaction. The driver may split the
// inserts into several commands, but they are committed together, so a failure at any time leaves nothing.
// Transactions may be larger than a document. The server allows a minute, and 10,000 coupons take seconds.
func (s *Store) CreateCoupons(
	ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error),
) ([]domain.Plan, error) {
	var plans []domain.Plan
	offers := make([]string, len(drafts))
	for i, draft := range drafts {
		offers[i] = draft.Offer
	}
	err := s.startingOver(mongodb.WithLimit(ctx, bulkTimeout), offers, func(ctx context.Context) (refusal, err error) {
		standings, err := s.standings(ctx, drafts)
		if err != nil {
			return nil, err
		}
		before := maps.Clone(standings.Approvals)
		if plans, refusal = plan(standings); refusal != nil {
			return refusal, refusal
		}
		return nil, s.carryOutAll(ctx, before, plans)
	})
	if err != nil {
		return nil, err
	}
	return plans, nil
}

// carryOutAll writes the plans, and sets the approvals' revisions in them. before has the stored approvals.
func (s *Store) carryOutAll(ctx context.Context, before map[string]*domain.Approval, plans []domain.Plan) error {
	coupons := make([]domain.Coupon, len(plans))
	for i := range plans {
		coupons[i] = plans[i].Coupon
		if plans[i].Approval == nil {
			continue
		}
		approval, err := s.storeApproval(audit.BySystem(ctx), before[plans[i].Approval.ID()], *plans[i].Approval)
		if err != nil {
			return err
		}
		plans[i].Approval = &approval
		before[approval.ID()] = clone(&approval)
	}
	return s.coupons.insertAll(ctx, coupons)
}

// standings reads what is stored about coupons to create. It first locks their offers, as standing does, in a
// fixed order so that two batches do not keep making each other start over.
func (s *Store) standings(ctx context.Context, drafts []domain.Coupon) (*domain.Standings, error) {
	found := domain.NewStandings(drafts)
	codes := map[string][]string{} // by offer, folded
	for _, draft := range drafts {
		codes[draft.Offer] = append(codes[draft.Offer], couponcode.Fold(draft.Code))
	}
	for _, offer := range slices.Sorted(maps.Keys(codes)) {
		var err error
		if found.Offers[offer], err = s.lockOffer(ctx, offer); err != nil {
			return nil, err
		}
		for some := range slices.Chunk(codes[offer], codesPerQuery) {
			if err := s.addHolders(ctx, found, offer, some); err != nil {
				return nil, err
			}
		}
	}
	for _, draft := range drafts {
		err := errors.Join(
			findOnce(ctx, s.publishers, found.Publishers, draft.Publisher),
			findOnce(ctx, s.approvals, found.Approvals, domain.ApprovalID(draft.Offer, draft.Publisher)))
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// findOnce adds the document with a key, or nil if it does not exist, to found unless the key is there
// already.
func findOnce[T any, D document[T]](ctx context.Context, c *collection[T, D], found map[string]*T, id string) error {
	if _, ok := found[id]; ok {
		return nil
	}
	item, err := c.find(ctx, id)
	found[id] = item
	return err
}

// addHolders adds the holders of some folded codes on an offer. It streams them, because standings keep only
// some.
func (s *Store) addHolders(ctx context.Context, found *domain.Standings, offer string, codes []string) error {
	return s.eachHolder(ctx, bson.D{codeIn(codes), {Key: "offer", Value: offer}}, found.AddHolder)
}
