package mongostore

import (
	"cmp"
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// exportRows is how many conversions a part of an export has, and how many are asked of the server at
// once.
const exportRows = 500

// scanTimeout bounds each call that may read all conversions: a part of an export in an order that no index has,
// totals under a condition that none serves.
const scanTimeout = time.Minute

// ExportConversions calls each with the conversions that a query selects, a part at a time, as they
// were at one moment. It fails as unavailable when it takes longer than the server keeps the past.
func (s *Store) ExportConversions(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error {
	return s.db.AtOneMoment(mongodb.WithLimit(ctx, scanTimeout), func(snapshot context.Context) error {
		err := s.export(snapshot, q, each)
		if err != nil && ctx.Err() != nil {
			return ctx.Err() // The driver has words of its own for it.
		}
		return err
	})
}

func (s *Store) export(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error {
	filter, order := bsonquery.Build(q)
	// A sort that no index serves may need more memory than the server allows one: it may use its disk.
	opts := options.Find().SetSort(order).SetProjection(mongodoc.Without(listsWithout()...)).SetBatchSize(exportRows).SetAllowDiskUse(true)
	if q.Limit > 0 {
		opts.SetLimit(int64(q.Limit))
	}
	cursor, err := s.db.Collection(conversions).Find(ctx, filter, opts)
	if err != nil {
		return mongodoc.Failure("exporting conversions", err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // It ends by itself at last.
	part := make([]domain.Conversion, 0, exportRows)
	for ctx.Err() == nil && cursor.Next(ctx) { // The driver notices that ctx is done only when it asks for more.
		var found conversionDocument
		if err := cursor.Decode(&found); err != nil {
			return mongodoc.Failure("exporting conversions", err)
		}
		if part = append(part, found.decode()); len(part) < exportRows {
			continue
		}
		if err := each(part); err != nil {
			return err
		}
		part = part[:0]
	}
	if err := cmp.Or(ctx.Err(), cursor.Err()); err != nil {
		return mongodoc.Failure("exporting conversions", err)
	}
	if len(part) == 0 {
		return nil
	}
	return each(part)
}
