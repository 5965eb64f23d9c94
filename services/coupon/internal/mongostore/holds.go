package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// holderDocument has the fields of a coupon's document that domain.HoldOf needs.
type holderDocument struct {
	Offer      string    `bson:"offer"`
	Publisher  string    `bson:"publisher"`
	CodeKey    string    `bson:"code_key"`
	StartTime  time.Time `bson:"start_time"`
	ExpireTime time.Time `bson:"expire_time"`
	Archived   bool      `bson:"archived"`
	UpdateTime time.Time `bson:"update_time"`
}

// holderFields are the fields of a holderDocument.
func holderFields() bson.D {
	fields := bson.D{{Key: "_id", Value: 0}}
	for _, name := range []string{"offer", "publisher", "code_key", "start_time", "expire_time", "archived", "update_time"} {
		fields = append(fields, bson.E{Key: name, Value: 1})
	}
	return fields
}

func codeIn(codes []string) bson.E {
	return bson.E{Key: "code_key", Value: bson.D{{Key: "$in", Value: codes}}}
}

// eachHolder calls do with each coupon that a filter selects. Only the fields that domain.HoldOf needs are
// set.
func (s *Store) eachHolder(ctx context.Context, filter bson.D, do func(domain.Coupon)) (err error) {
	cursor, err := s.coupons.stored.Find(ctx, filter, options.Find().SetProjection(holderFields()))
	if err != nil {
		return s.coupons.failure("reading", err)
	}
	defer func() { err = errors.Join(err, cursor.Close(ctx)) }()
	for cursor.Next(ctx) {
		var d holderDocument
		if err := cursor.Decode(&d); err != nil {
			return s.coupons.failure("reading", err)
		}
		do(domain.Coupon{
			Offer: d.Offer, Publisher: d.Publisher, Code: d.CodeKey,
			StartTime: d.StartTime, ExpireTime: d.ExpireTime, Archived: d.Archived, UpdateTime: d.UpdateTime,
		})
	}
	if err := cursor.Err(); err != nil {
		return s.coupons.failure("reading", err)
	}
	return nil
}

// Holds returns the other publishers' holds of a code on an offer.
func (s *Store) Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error) {
	filter := append(withCode(offer, code), bson.E{Key: "publisher", Value: bson.D{{Key: "$ne", Value: publisher}}})
	var holds []domain.Hold
	err := s.eachHolder(ctx, filter, func(c domain.Coupon) { holds = append(holds, domain.HoldOf(c)) })
	return holds, err
}

// CheckUnshared returns an error if two publishers share a code on an offer at a moment or later.
func (s *Store) CheckUnshared(ctx context.Context, offer string, now time.Time) error {
	shared, err := s.sharedCodes(ctx, offer)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(shared, codesPerQuery) {
		holds := map[string][]domain.Hold{}
		filter := bson.D{codeIn(some), {Key: "offer", Value: offer}}
		if err := s.eachHolder(ctx, filter, func(c domain.Coupon) { holds[c.Code] = append(holds[c.Code], domain.HoldOf(c)) }); err != nil {
			return err
		}
		for _, code := range some {
			if err := domain.CheckUnshared(offer, code, holds[code], now); err != nil {
				return err
			}
		}
	}
	return nil
}

// sharedCodes returns the codes of an offer that several publishers have, folded and sorted. A publisher has
// a code on an offer at most once.
func (s *Store) sharedCodes(ctx context.Context, offer string) ([]string, error) {
	cursor, err := s.coupons.stored.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "offer", Value: offer}}}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$code_key"}, {Key: "count", Value: bson.D{{Key: "$sum", Value: 1}}}}}},
		bson.D{{Key: "$match", Value: bson.D{{Key: "count", Value: bson.D{{Key: "$gt", Value: 1}}}}}},
		bson.D{{Key: "$sort", Value: bson.D{{Key: "_id", Value: 1}}}},
	})
	if err != nil {
		return nil, mongodb.Failure(fmt.Errorf("looking for shared codes: %w", err))
	}
	var groups []struct {
		Code string `bson:"_id"`
	}
	if err := cursor.All(ctx, &groups); err != nil {
		return nil, mongodb.Failure(fmt.Errorf("looking for shared codes: %w", err))
	}
	codes := make([]string, len(groups))
	for i, group := range groups {
		codes[i] = group.Code
	}
	return codes, nil
}
