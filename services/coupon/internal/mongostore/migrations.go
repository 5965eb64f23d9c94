package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/idempotency/mongocalls"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

func migrations() []mongodb.Migration {
	return []mongodb.Migration{
		{Version: 1, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, "offers", "publishers", "approvals", "coupons")
		}},
		{Version: 2, Run: addSettingsAndMoney},
		{Version: 3, Run: addDeliveriesAndLimits},
		{Version: 4, Run: addSearchKeys},
		{Version: 5, Run: addDiscounts},
		{Version: 6, Run: addPayloadVersion},
		{Version: 7, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, mongocalls.Collection)
		}},
		{Version: 8, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, entriesName)
		}},
	}
}

// addSettingsAndMoney adds the keys for rotated credentials, revenue, caps, and coupons' and approvals' own
// settings and payouts to existing documents.
func addSettingsAndMoney(ctx context.Context, db *mongodb.DB) error {
	nothing := encodePayout(money.Payout{})
	if err := addKeys(ctx, db, []addedKey{
		{"offers", "previous_postback_token", ""},
		{"offers", "previous_postback_secret", ""},
		{"offers", "previous_credentials_expire_time", nil},
		{"offers", "payout.cap", nothing.Cap},
		{"offers", "revenue", nothing},
		{"approvals", "payout", nothing},
		{"coupons", "payout.cap", nothing.Cap},
		{"coupons", "settings", encodeSettings(domain.CouponSettings{})},
	}); err != nil {
		return err
	}
	return giveSecrets(ctx, db.Collection("offers"), "postback_secret")
}

// addDeliveriesAndLimits adds the keys for deliveries and coupons' limits to existing documents. Every
// publisher gets a secret, even without a URL to deliver to.
func addDeliveriesAndLimits(ctx context.Context, db *mongodb.DB) error {
	if err := addKeys(ctx, db, []addedKey{
		{"publishers", "postback_url", ""},
		{"publishers", "delivery", encodeDelivery(domain.DeliverySettings{Method: domain.DeliverByGet, PayloadVersion: domain.PayloadV1})},
		{"publishers", "previous_delivery_secret", ""},
		{"publishers", "previous_delivery_secret_expire_time", nil},
		{"coupons", "usage_limit", int64(0)},
		{"coupons", "daily_usage_limit", int64(0)},
	}); err != nil {
		return err
	}
	return giveSecrets(ctx, db.Collection("publishers"), "delivery_secret")
}

// addDiscounts gives each existing document an empty discount.
func addDiscounts(ctx context.Context, db *mongodb.DB) error {
	return addKeys(ctx, db, []addedKey{{"coupons", "discount", encodeDiscount(discount.Discount{})}})
}

// addPayloadVersion gives each existing publisher the payloads that it knows.
func addPayloadVersion(ctx context.Context, db *mongodb.DB) error {
	return addKeys(ctx, db, []addedKey{{"publishers", "delivery.payload_version", domain.PayloadV1}})
}

// addedKey is a key to add to a collection's documents that lack it, with its value.
type addedKey struct {
	collection, key string
	value           any
}

func addKeys(ctx context.Context, db *mongodb.DB, keys []addedKey) error {
	for _, added := range keys {
		_, err := db.Collection(added.collection).UpdateMany(ctx, without(added.key), set(added.key, added.value))
		if err != nil {
			return mongodb.Failure(fmt.Errorf("adding %s to %s: %w", added.key, added.collection, err))
		}
	}
	return nil
}

// giveSecrets stores a different secret under a key in each document of a collection that lacks the key.
func giveSecrets(ctx context.Context, collection *mongodb.Collection, key string) error {
	cursor, err := collection.Find(ctx, without(key), options.Find().SetProjection(byIDOnly()))
	if err != nil {
		return mongodb.Failure(fmt.Errorf("finding %s without a secret: %w", collection.Name(), err))
	}
	var lacking []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(ctx, &lacking); err != nil {
		return mongodb.Failure(fmt.Errorf("finding %s without a secret: %w", collection.Name(), err))
	}
	for _, document := range lacking {
		filter := append(byID(document.ID), without(key)...)
		if _, err := collection.UpdateOne(ctx, filter, set(key, app.NewSecret())); err != nil {
			return mongodb.Failure(fmt.Errorf("giving %s of %s a secret: %w", document.ID, collection.Name(), err))
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
