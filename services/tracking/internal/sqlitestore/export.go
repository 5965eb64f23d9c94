package sqlitestore

import (
	"cmp"
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// exportRows is how many conversions a part of an export has.
	exportRows = 500
	// maxExports is how many exports run at once. Each has a reading connection for as long as its caller
	// takes, and visitors' clicks need the others.
	maxExports = 2
)

// ExportConversions implements flow.ConversionStore. It is one statement, which sees what was committed
// when it began. Until it ends the write-ahead log is not begun anew and grows with what is written:
// a slow caller costs disk.
func (s *Store) ExportConversions(ctx context.Context, q listing.Query, each func([]rules.Conversion) error) error {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return apperr.New(apperr.Unavailable, "TOO_MANY_EXPORTS", "%d exports are under way, which is all that run at once here; try again later", maxExports)
	}
	if q.Limit <= 0 {
		q.Limit = -1 // SQLite's word for none
	}
	query, args := conversionQuery(q)
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return exportFailure(ctx, err)
	}
	defer func() { _ = rows.Close() }() // It has been read, or is given up.
	part := make([]rules.Conversion, 0, exportRows)
	for ctx.Err() == nil && rows.Next() { // The driver notices a little later that ctx is done.
		c, err := scanConversion(rows)
		if err != nil {
			return exportFailure(ctx, err)
		}
		if part = append(part, c); len(part) < exportRows {
			continue
		}
		if err := each(part); err != nil {
			return err
		}
		part = part[:0]
	}
	if err := cmp.Or(ctx.Err(), rows.Err()); err != nil {
		return exportFailure(ctx, err)
	}
	if len(part) == 0 {
		return nil
	}
	return each(part)
}

// exportFailure is the error of an export that broke off: the context's own where that has ended, which
// the driver tells in words of its own.
func exportFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return readFailure("exporting conversions", err)
}
