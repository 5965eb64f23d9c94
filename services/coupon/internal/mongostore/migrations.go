package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/flow"
	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

func migrations() []mongodb.Migration {
	return []mongodb.Migration{
		{Version: 1, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, "offers", "publishers", "approvals", "coupons")
		}},
		{Version: 2, Run: addSettingsAndMoney},
	}
}

// addSettingsAndMoney gives the documents that exist the keys of credentials' rotation, of revenue, of
// caps and of the settings and payouts that stand in for an offer's.
func addSettingsAndMoney(ctx context.Context, db *mongodb.DB) error {
	nothing := encodePayout(money.Payout{})
	for _, missing := range []struct {
		collection, key string
		value           any
	}{
		{"offers", "previous_postback_token", ""},
		{"offers", "previous_postback_secret", ""},
		{"offers", "previous_credentials_expire_time", nil},
		{"offers", "payout.cap", nothing.Cap},
		{"offers", "revenue", nothing},
		{"approvals", "payout", nothing},
		{"coupons", "payout.cap", nothing.Cap},
		{"coupons", "settings", encodeSettings(rules.CouponSettings{})},
	} {
		_, err := db.Collection(missing.collection).UpdateMany(ctx, without(missing.key), set(missing.key, missing.value))
		if err != nil {
			return mongodb.Failure(fmt.Errorf("adding %s to %s: %w", missing.key, missing.collection, err))
		}
	}
	return giveSecrets(ctx, db)
}

// giveSecrets gives a postback secret of its own to each offer that has none.
func giveSecrets(ctx context.Context, db *mongodb.DB) error {
	offers := db.Collection("offers")
	cursor, err := offers.Find(ctx, without("postback_secret"), options.Find().SetProjection(byIDOnly()))
	if err != nil {
		return mongodb.Failure(fmt.Errorf("finding offers without a secret: %w", err))
	}
	var lacking []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(ctx, &lacking); err != nil {
		return mongodb.Failure(fmt.Errorf("finding offers without a secret: %w", err))
	}
	for _, offer := range lacking {
		filter := append(byID(offer.ID), without("postback_secret")...)
		if _, err := offers.UpdateOne(ctx, filter, set("postback_secret", flow.NewSecret())); err != nil {
			return mongodb.Failure(fmt.Errorf("giving offer %s a secret: %w", offer.ID, err))
		}
	}
	return nil
}

// without selects the documents that lack a key.
func without(key string) bson.D {
	return bson.D{{Key: key, Value: bson.D{{Key: "$exists", Value: false}}}}
}

func set(key string, value any) bson.D {
	return bson.D{{Key: "$set", Value: bson.D{{Key: key, Value: value}}}}
}

func byIDOnly() bson.D { return bson.D{{Key: "_id", Value: 1}} }
