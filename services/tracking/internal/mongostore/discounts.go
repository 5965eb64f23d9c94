package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// addDiscounts adds the discounts of conversions that were counted by releases whose figures did not have them: it
// recounts the months of these conversions. If it fails halfway, the next start does it again. So does a start after
// an older release has counted: that replaces the progress by one without the mark.
func (s *Store) addDiscounts(ctx context.Context) error {
	p, ours, err := s.readProgress(ctx)
	if err != nil || !ours || p.Discounts {
		return err
	}
	ctx = mongodb.WithLimit(ctx, scanTimeout)
	months := map[rollup.Month]bool{}
	filter := bson.D{{Key: "discount.currency_code", Value: bson.D{{Key: "$gt", Value: ""}}}}
	err = each(ctx, s, conversions, filter, mongodoc.Only("conversion_time"), func(d *conversionDocument) {
		months[s.calendar.Day(d.ConversionTime).Month()] = true
	})
	if err != nil {
		return err
	}
	for month := range months {
		if _, err := s.Recount(ctx, month, true); err != nil {
			return err
		}
	}
	// Another process may replace the progress now, without the mark. Then the next start recounts again.
	_, err = s.db.Collection(counting).UpdateOne(ctx, mongodoc.ByID(progressID), mongodoc.Set(bson.D{{Key: "discounts", Value: true}}))
	return mongodoc.Failure("noting that the figures have discounts", err)
}
