package sqlitestore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// exportRows is how many conversions a part of an export has.
	exportRows = 500
	// maxExports is how many exports run at once. Each holds a reading connection until its caller has read
	// everything, and lists need the others.
	maxExports = 2
)

// exportTimes limit how long an export keeps one view of the database. Meanwhile the write-ahead log cannot
// start over, and grows with each write.
type exportTimes struct {
	// After resume an export continues in a new view, if its order allows it; otherwise it fails after end.
	resume, end time.Duration
}

func defaultExportTimes() exportTimes {
	return exportTimes{resume: 10 * time.Second, end: 5 * time.Minute}
}

// ExportConversions implements conversions.Store. It is one statement, which sees what was committed when it
// began. If the caller takes long, another statement continues after the last conversion; it also sees later
// changes, but no new conversions. If the order does not allow that, the export fails in the end.
func (s *Store) ExportConversions(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return apperr.New(apperr.Unavailable, "TOO_MANY_EXPORTS", "%d exports are under way, which is all that run at once here; try again later", maxExports)
	}
	if q.Limit <= 0 {
		q.Limit = -1 // no limit, in SQLite
	}
	began := s.now()
	for {
		last, err := s.exportView(ctx, q, each)
		if err != nil || last == nil {
			return err
		}
		if q.After == nil {
			q.Where = listing.And{condition(q.Where), listing.Compare{Field: "create_time", Op: listing.LessEqual, Value: began}}
		}
		q.After = positionOf(*last, q.Order)
	}
}

// exportView exports with one view. If it took too long, it returns the last conversion exported, after which
// the next view continues.
func (s *Store) exportView(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) (last *domain.Conversion, err error) {
	query, args := conversionQuery(q)
	began := time.Now()
	rows, err := s.db.Reports().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, exportFailure(ctx, err)
	}
	defer func() { _ = rows.Close() }() // It has been read, or is given up.
	part := make([]domain.Conversion, 0, exportRows)
	for ctx.Err() == nil && rows.Next() { // The driver notices the end of ctx a little later.
		c, err := scanConversion(rows)
		if err != nil {
			return nil, exportFailure(ctx, err)
		}
		if part = append(part, c); len(part) < exportRows {
			continue
		}
		if err := each(part); err != nil {
			return nil, err
		}
		switch took := time.Since(began); {
		case took > s.exportTimes.resume && q.Limit < 0 && canResume(q.Order):
			return &c, nil
		case took > s.exportTimes.end:
			return nil, apperr.New(apperr.Unavailable, "EXPORT_TOO_SLOW",
				"the export took over %s, and is not read fast enough or too large for its order; order it by conversion_time, or export less at a time with a narrower filter", s.exportTimes.end)
		}
		part = part[:0]
	}
	if err := cmp.Or(ctx.Err(), rows.Err()); err != nil {
		return nil, exportFailure(ctx, err)
	}
	if len(part) == 0 {
		return nil, nil
	}
	return nil, each(part)
}

// canResume says whether an export in this order can continue after a conversion: only if its place never
// changes.
func canResume(order []listing.Order) bool {
	return !slices.ContainsFunc(order, func(o listing.Order) bool { return position(domain.Conversion{}, o.Field) == nil })
}

// positionOf returns the values of an order's fields, as listing.Query.After has them.
func positionOf(c domain.Conversion, order []listing.Order) []any {
	values := make([]any, len(order))
	for i, o := range order {
		values[i] = position(c, o.Field)
	}
	return values
}

// position returns the value of a field that never changes; nil for other fields.
func position(c domain.Conversion, field string) any {
	switch field {
	case "id":
		return c.ID
	case "offer":
		return c.Offer
	case "conversion_time":
		return c.ConversionTime
	case "create_time":
		return c.CreateTime
	default:
		return nil
	}
}

// condition returns one that always holds for nil, and others unchanged.
func condition(e listing.Expr) listing.Expr {
	if e == nil {
		return listing.And{}
	}
	return e
}

// exportFailure is the error of an export that broke off. If the context has ended it is the context's, which
// the driver words differently.
func exportFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return sqlrow.ReadFailure("exporting conversions", err)
}
