package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func couponsOf(db *mongodb.DB) *collection[domain.Coupon, couponDocument] {
	return &collection[domain.Coupon, couponDocument]{
		stored:   db.Collection("coupons"),
		encode:   encodeCoupon,
		id:       domain.Coupon.ID,
		revision: func(c *domain.Coupon) *int64 { return &c.Revision },
		resource: func(c domain.Coupon) string { return resource.Coupon(c.Offer, c.Publisher, c.Code) },
	}
}

// Coupon returns a coupon by its id.
func (s *Store) Coupon(ctx context.Context, id string) (domain.Coupon, error) {
	return s.coupons.first(ctx, byID(id))
}

// UpdateCoupon replaces a coupon with the result of change.
func (s *Store) UpdateCoupon(ctx context.Context, id string, change func(domain.Coupon) (domain.Coupon, error)) (domain.Coupon, error) {
	return withoutCollision(ctx, func() (domain.Coupon, error) {
		before, err := s.coupons.first(ctx, byID(id))
		if err != nil {
			return before, err
		}
		after, err := change(before)
		if err != nil {
			return before, err
		}
		if domain.WidensHold(before, after) {
			return s.replaceMoved(ctx, before, after)
		}
		return s.coupons.replace(ctx, before, after)
	})
}

// replaceMoved replaces a coupon whose hold changes. It locks the offer as creates do, so that the holds it
// reads are still true when it writes.
func (s *Store) replaceMoved(ctx context.Context, before, after domain.Coupon) (domain.Coupon, error) {
	release, err := s.turn(ctx, before.Offer)
	if err != nil {
		return before, err
	}
	defer release()
	var replaced domain.Coupon
	err = s.inTransaction(ctx, func(ctx context.Context) error {
		offer, err := s.lockOffer(ctx, before.Offer)
		if err != nil {
			return err
		}
		if offer != nil && offer.UniqueCodes {
			holds, err := s.Holds(ctx, before.Offer, before.Publisher, before.Code)
			if err != nil {
				return err
			}
			if err := domain.CheckMove(before, after, holds); err != nil {
				return err
			}
		}
		replaced, err = s.coupons.replace(ctx, before, after)
		return err
	})
	return replaced, err
}

// Coupons returns the coupons that a query selects.
func (s *Store) Coupons(ctx context.Context, q listing.Query) ([]domain.Coupon, error) {
	return s.coupons.list(ctx, q)
}

// SharedWith lists the other publishers who have a code on an offer.
func (s *Store) SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error) {
	filter := append(withCode(offer, code), bson.E{Key: "publisher", Value: bson.D{{Key: "$ne", Value: publisher}}})
	opts := options.Find().SetSort(bson.D{{Key: "publisher", Value: 1}}).SetLimit(int64(limit))
	coupons, err := s.coupons.all(ctx, filter, opts)
	var publishers []string
	for _, c := range coupons {
		publishers = append(publishers, c.Publisher)
	}
	return publishers, err
}

// withCode selects the coupons that have a code on an offer, or on all offers if offer is "".
func withCode(offer, code string) bson.D {
	filter := bson.D{{Key: "code_key", Value: couponcode.Fold(code)}}
	if offer != "" {
		filter = append(filter, bson.E{Key: "offer", Value: offer})
	}
	return filter
}
