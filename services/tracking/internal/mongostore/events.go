package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// eachClick calls do with the clicks that a filter selects, with what figures are made of.
func (s *Store) eachClick(ctx context.Context, filter bson.D, do func(*clickDocument)) error {
	return each(ctx, s, clicks, filter, only("offer", "publisher", "publisher_unknown", "coupon", "coupon_code", "crawler", "time", "count_time"), do)
}

// eachConversion calls do with the conversions that a filter selects, with what figures are made of.
func (s *Store) eachConversion(ctx context.Context, filter bson.D, do func(*history)) error {
	projection := only(
		"offer", "publisher", "coupon", "coupon_code", "code_unknown", "click", "status", "method", "amount", "refunded_amount", "payout", "revenue",
		"conversion_time", "create_time", "create_count_time", "changes")
	return each(ctx, s, conversions, filter, projection, func(d *conversionDocument) {
		do(&history{conversion: d.decode(), times: d.counted()})
	})
}

// only is the projection on some fields.
func only(fields ...string) bson.D {
	projection := bson.D{{Key: "_id", Value: 0}}
	for _, field := range fields {
		projection = append(projection, bson.E{Key: field, Value: 1})
	}
	return projection
}

// each calls do with the documents that a filter selects, one by one.
func each[D any](ctx context.Context, s *Store, collection string, filter, projection bson.D, do func(*D)) error {
	doing := "reading " + collection + " to count them"
	cursor, err := s.db.Collection(collection).Find(ctx, filter, options.Find().SetProjection(projection))
	if err != nil {
		return failure(doing, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // It ends by itself at last.
	for cursor.Next(ctx) {
		var found D
		if err := cursor.Decode(&found); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		do(&found)
	}
	return failure(doing, cursor.Err())
}

// eachEvent calls click with the clicks that are counted in a span, and their count times, and conversion
// with the conversions of which something is.
func (s *Store) eachEvent(ctx context.Context, w span, click func(*rules.Click, time.Time), conversion func(*history)) error {
	err := s.eachClick(ctx, w.clicks(), func(d *clickDocument) {
		if at := d.counted(); w.holds(at) {
			decoded := d.decode()
			click(&decoded, at)
		}
	})
	if err != nil {
		return err
	}
	return s.eachConversion(ctx, w.conversions(), conversion)
}
