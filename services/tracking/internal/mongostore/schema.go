package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/idempotency/mongocalls"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/answers"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/offerscans"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/savedreports"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/uses"
)

const (
	clicks      = "clicks"
	conversions = "conversions"
	postbacks   = "postbacks"
	// figures has the cells, and counting one document: up to when they are counted.
	figures  = "figures"
	counting = "counting"

	// feed has the batches of what was stored and changed.
	feed = "feed"

	// clickRetention is how long clicks are kept unless Options say less: a year, the longest click window, plus a month.
	clickRetention = 400 * 24 * time.Hour
	// useRetention is how long counts of a day's uses are kept; expired ones are recounted when needed.
	useRetention = 400 * 24 * time.Hour
	// deliveryRetention is how long deliveries are kept that are done.
	deliveryRetention = 90 * 24 * time.Hour
	// scanRetention is how long scans of offers are kept, with their results.
	scanRetention = 90 * 24 * time.Hour
	// reservationRetention is how long reservations are kept after they expire, so that the checkout's key means the same
	// reservation for as long.
	reservationRetention = 30 * 24 * time.Hour
	// migrationBatch is how many documents a migration changes in one call.
	migrationBatch = 100
)

// expiries say after how long what is stored expires. Clicks have an expiry of their own: see clickage.
type expiries struct{ uses, journal, deliveries, scans, reservations time.Duration }

// prepare brings the schema up to date. Indexes are no migrations: creating one that exists does
// nothing, and one that an operator dropped comes back with the next start.
func prepare(ctx context.Context, db *mongodb.DB, after expiries) error {
	err := db.Migrate(ctx, []mongodb.Migration{
		{Version: 1, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, clicks, conversions)
		}},
		{Version: 2, Run: addHistory},
		{Version: 3, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, figures, counting)
		}},
		{Version: 4, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, savedreports.Collection, offerscans.Collection, offerscans.Results)
		}},
		{Version: 5, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, deferred.Collection)
		}},
		{Version: 6, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, answers.Collection)
		}},
		{Version: 7, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, feed)
		}},
		{Version: 8, Run: countAgain},
		{Version: 9, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, uses.Reservations)
		}},
		{Version: 10, Run: func(ctx context.Context, db *mongodb.DB) error {
			return db.CreateCollections(ctx, mongocalls.Collection)
		}},
	})
	if err != nil {
		return err
	}
	for _, expiry := range []struct {
		collection, field string
		after             time.Duration
	}{
		{postbacks, "create_time", after.journal},
		{deliveries.Collection, "finish_time", after.deliveries},
		{uses.Collection, "begin_time", after.uses},
		{uses.Reservations, "expire_time", after.reservations},
		{offerscans.Collection, "create_time", after.scans},
		{offerscans.Results, "create_time", after.scans},
		{mongocalls.Collection, mongocalls.CreateTime, idempotency.Lifetime},
	} {
		if err := db.EnsureExpiry(ctx, expiry.collection, expiry.field, expiry.after); err != nil {
			return err
		}
	}
	if err := ensureIndexes(ctx, db); err != nil {
		return err
	}
	db.AwaitIndexes(ctx)
	return nil
}

// ensureIndexes creates the indexes that lists and the work on deliveries need. `_id` settles the order
// of those at one moment, so that a page needs no sorting.
func ensureIndexes(ctx context.Context, db *mongodb.DB) error {
	for collection, indexes := range map[string][]mongo.IndexModel{
		conversions: {
			mongodb.Index("conversion_time", "_id"),
			mongodb.Index("offer", "conversion_time", "_id"),
			mongodb.Index("publisher", "conversion_time", "_id"),
			mongodb.Index("pub_unique3_key", "conversion_time", "_id"),
			mongodb.Index("status", "conversion_time", "_id"),
			mongodb.Index("transaction_id", "conversion_time", "_id"),
			mongodb.Index("update_time", "_id"),
		},
		postbacks: {
			mongodb.Index("create_time", "_id"), // an expiry's index cannot have a second field
			mongodb.Index("conversion"),
			mongodb.Index("transaction_id", "create_time", "_id"),
		},
		deliveries.Collection: {
			mongodb.Index("create_time", "_id"),
			mongodb.Index("publisher", "create_time", "_id"),
			mongodb.Index("conversion"),
		},
		savedreports.Collection: {
			mongodb.Index("display_name", "_id"),
		},
		offerscans.Collection: {
			mongodb.Index("offer", "_id"),
			mongodb.Index("state", "free_time"),
			mongodb.UniqueIndex("slot"),
		},
		offerscans.Results: {
			mongodb.Index("scan", "coupon"),
			mongodb.Index("scan", "severity"),
		},
		deferred.Collection: {
			mongodb.Index("conversion"),
			mongodb.Index("reason", "due_time"),
		},
		answers.Collection: {
			mongodb.Index("kind", "ask_time"),
		},
		feed: {
			mongodb.Index("told", "_id"),
		},
		figures: {
			mongodb.Index("generation", "cube", "period"),
			mongodb.Index("generation", "cube", "coupon_code", "period"),
			mongodb.Index("generation", "cube", "publisher", "period"),
			mongodb.Index("generation", "cube", "offer", "period"),
		},
	} {
		if err := db.EnsureIndexes(ctx, collection, indexes...); err != nil {
			return err
		}
	}
	return ensureSmallIndexes(ctx, db)
}

// ensureSmallIndexes creates the indexes that leave out most documents. A sparse index would not leave out a delivery
// that has a publisher but no due time.
func ensureSmallIndexes(ctx context.Context, db *mongodb.DB) error {
	// Nearly everything is in a batch; most conversions are planned and without conflicts, and most deliveries delivered.
	for _, index := range []struct {
		collection string
		of         bson.D
		fields     []string
	}{
		{clicks, clickWaits(), []string{"batch"}},
		{conversions, waits(), []string{"feed_from"}},
		{conversions, unplanned(), []string{"plan_from"}},
		{uses.Reservations, uses.Held(), []string{"coupon", "expire_time"}},
		{conversions, bson.D{{Key: "conflicted", Value: true}}, []string{"conflicted", "conversion_time", "_id"}},
		{deliveries.Collection, deliveries.StillDue(), []string{"due_time", "publisher"}},
		{deliveries.Collection, bson.D{{Key: "state", Value: delivery.Dead}}, []string{"state", "create_time", "_id"}},
	} {
		if err := db.EnsurePartialIndex(ctx, index.collection, index.of, index.fields...); err != nil {
			return err
		}
	}
	return nil
}

// countAgain makes the next start recount figures that were counted by times. It only clears their zone.
func countAgain(ctx context.Context, db *mongodb.DB) error {
	_, err := db.Collection(counting).UpdateOne(ctx, mongodoc.ByID(progressID), mongodoc.Set(bson.D{{Key: "zone", Value: ""}}))
	return err
}

// unplanned selects the conversions with changes whose deliveries are not planned.
func unplanned() bson.D {
	return bson.D{{Key: "plan_from", Value: bson.D{{Key: "$gte", Value: 0}}}}
}

// addHistory creates what the journal, deliveries and limits need, and gives the conversions that exist
// the keys that all have since.
func addHistory(ctx context.Context, db *mongodb.DB) error {
	if err := db.CreateCollections(ctx, postbacks, deliveries.Collection, uses.Collection); err != nil {
		return err
	}
	for after := ""; ; {
		found, err := withoutRevisions(ctx, db, after)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := addRevisions(ctx, db, found); err != nil {
			return err
		}
		after = found[len(found)-1].ID
	}
}

// oldConversion is what the migration needs to know of a conversion.
type oldConversion struct {
	ID         string    `bson:"_id"`
	CreateTime time.Time `bson:"create_time"`
}

// withoutRevisions returns the first of the conversions without a revision whose ids come after one.
func withoutRevisions(ctx context.Context, db *mongodb.DB, after string) ([]oldConversion, error) {
	filter := append(withoutRevision(), bson.E{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}})
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(migrationBatch).SetProjection(bson.D{{Key: "create_time", Value: 1}})
	cursor, err := db.Collection(conversions).Find(ctx, filter, opts)
	if err != nil {
		return nil, fmt.Errorf("finding the conversions without a revision: %w", err)
	}
	var found []oldConversion
	if err := cursor.All(ctx, &found); err != nil {
		return nil, fmt.Errorf("reading the conversions without a revision: %w", err)
	}
	return found, nil
}

func addRevisions(ctx context.Context, db *mongodb.DB, found []oldConversion) error {
	updates := make([]mongo.WriteModel, len(found))
	for i, old := range found {
		updates[i] = mongo.NewUpdateOneModel().
			SetFilter(append(mongodoc.ByID(old.ID), withoutRevision()...)).
			SetUpdate(mongodoc.Set(bson.D{
				{Key: "update_time", Value: old.CreateTime},
				{Key: "revision", Value: int64(1)},
				{Key: "conflicted", Value: false},
			}))
	}
	return db.UpdateAll(ctx, conversions, updates)
}

func withoutRevision() bson.D {
	return bson.D{{Key: "revision", Value: bson.D{{Key: "$exists", Value: false}}}}
}
