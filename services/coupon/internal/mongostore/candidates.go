package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

// Candidates returns the coupons that have a code, with what decides whether they are valid. The parts are
// read one after the other, not from one snapshot.
func (s *Store) Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error) {
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
	coupons, err := s.coupons.all(ctx, withCode(offer, code), opts)
	if err != nil || len(coupons) == 0 {
		return nil, err
	}
	var offers map[string]domain.Offer
	var publishers map[string]domain.Publisher
	var approvals map[string]domain.Approval
	reads, ctx := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		offers, err = s.offers.among(ctx, coupons, func(c domain.Coupon) string { return c.Offer })
		return err
	})
	reads.Go(func() (err error) {
		publishers, err = s.publishers.among(ctx, coupons, func(c domain.Coupon) string { return c.Publisher })
		return err
	})
	reads.Go(func() (err error) {
		approvals, err = s.approvals.among(ctx, coupons, approvalOf)
		return err
	})
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	found := make([]domain.Candidate, len(coupons))
	for i, c := range coupons {
		found[i] = domain.Candidate{
			Coupon:         c,
			OfferState:     offers[c.Offer].State,
			PublisherState: publishers[c.Publisher].State,
			ApprovalState:  approvals[approvalOf(c)].State,
			ApprovalPayout: approvals[approvalOf(c)].Payout,
			DeliverOn:      publishers[c.Publisher].DeliverOn(),
		}
	}
	return found, nil
}

func approvalOf(c domain.Coupon) string { return domain.ApprovalID(c.Offer, c.Publisher) }

// among returns the documents that coupons refer to, by key.
func (c *collection[T, D]) among(ctx context.Context, coupons []domain.Coupon, key func(domain.Coupon) string) (map[string]T, error) {
	found := make(map[string]T, len(coupons))
	var keys bson.A
	for _, coupon := range coupons {
		if _, known := found[key(coupon)]; !known {
			found[key(coupon)] = *new(T)
			keys = append(keys, key(coupon))
		}
	}
	items, err := c.all(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}}, options.Find())
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		found[c.id(item)] = item
	}
	return found, nil
}
