package mongostore

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// EraseClick implements personal.Conversions. The number of the click's batch stays, and may change meanwhile.
func (s *Store) EraseClick(ctx context.Context, id string, erased func(domain.Click) domain.Click, try bool) (bool, error) {
	var found clickDocument
	err := s.db.Collection(clicks).FindOne(ctx, mongodoc.ByID(id)).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, mongodoc.Failure("reading a click to erase", err)
	}
	before := found.decode()
	after := erased(before)
	if !privacy.Differ(before, after) || try {
		return privacy.Differ(before, after), nil
	}
	gone := bson.D{}
	for _, field := range []string{
		"pub_click_id", "pub_sub_id", "pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5", "ip", "user_agent", "referer", "dropped",
	} {
		gone = append(gone, bson.E{Key: field, Value: ""})
	}
	if after.CouponCode == "" {
		gone = append(gone, bson.E{Key: "coupon_code", Value: ""})
	}
	_, err = s.db.Collection(clicks).UpdateOne(ctx, mongodoc.ByID(id), bson.D{{Key: "$unset", Value: gone}})
	return true, mongodoc.Failure("erasing a click", err)
}
