package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func offersOf(db *mongodb.DB) *collection[domain.Offer, offerDocument] {
	return &collection[domain.Offer, offerDocument]{
		stored:   db.Collection("offers"),
		encode:   encodeOffer,
		id:       func(o domain.Offer) string { return o.ID },
		revision: func(o *domain.Offer) *int64 { return &o.Revision },
		resource: func(o domain.Offer) string { return resource.Offer(o.ID) },
	}
}

// InsertOffer stores a new offer. It also returns app.ErrExists if another offer has its postback token.
func (s *Store) InsertOffer(ctx context.Context, offer domain.Offer) error {
	return s.offers.insert(ctx, offer)
}

// Offer returns an offer by its id.
func (s *Store) Offer(ctx context.Context, id string) (domain.Offer, error) {
	return s.offers.first(ctx, byID(id))
}

// OfferByToken returns the offer that accepts a postback token, as its current or its previous one.
func (s *Store) OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error) {
	found, err := s.offers.first(ctx, bson.D{{Key: "postback_token", Value: token}})
	if !errors.Is(err, app.ErrNotFound) || token == "" {
		return found, err
	}
	before, err := s.offers.all(ctx, bson.D{
		{Key: "previous_postback_token", Value: token},
		{Key: "previous_credentials_expire_time", Value: bson.D{{Key: "$gt", Value: now}}},
	}, options.Find().SetLimit(2))
	if err == nil && len(before) != 1 {
		err = app.ErrNotFound
	}
	if err != nil {
		return domain.Offer{}, err
	}
	return before[0], nil
}

// Offers returns the offers that a query selects.
func (s *Store) Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error) {
	return s.offers.list(ctx, q)
}

// UpdateOffer replaces an offer with the result of change.
func (s *Store) UpdateOffer(ctx context.Context, id string, change func(domain.Offer) (domain.Offer, error)) (domain.Offer, error) {
	release, err := s.turn(ctx, id)
	if err != nil {
		return domain.Offer{}, err
	}
	defer release()
	return withoutCollision(ctx, func() (domain.Offer, error) {
		before, err := s.offers.first(ctx, byID(id))
		if err != nil {
			return before, err
		}
		after, err := change(before)
		if err != nil {
			return before, err
		}
		if after.UniqueCodes && !before.UniqueCodes {
			return s.replaceUnshared(ctx, before, after)
		}
		return s.offers.replace(ctx, before, after)
	})
}

// replaceUnshared replaces an offer unless two publishers share one of its codes. Creating a coupon or
// widening its hold also writes to the offer. Such a change, if the snapshot does not show it, therefore
// conflicts with the replacement.
func (s *Store) replaceUnshared(ctx context.Context, before, after domain.Offer) (domain.Offer, error) {
	var replaced domain.Offer
	err := s.inTransaction(ctx, func(ctx context.Context) error {
		if err := s.CheckUnshared(ctx, before.ID, after.UpdateTime); err != nil {
			return err
		}
		var err error
		replaced, err = s.offers.replace(ctx, before, after)
		return err
	})
	return replaced, err
}
