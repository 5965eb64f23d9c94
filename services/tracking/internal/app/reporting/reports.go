// Package reporting counts clicks and conversions, sums them up, looks for leaked codes, and keeps saved reports.
package reporting

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Store keeps what reports are made of, and saved reports.
type Store interface {
	FigureStore
	SavedReportStore
}

// FigureStore keeps the figures of clicks and conversions, in the cells of rollup.Sums by the calendar that
// the store was opened with. At any moment they are exactly what a Sums of all clicks and conversions that
// are counted comes to, whatever was killed when: what is counted is counted once, and a change of a
// conversion moves it from its old cells to the new.
type FigureStore interface {
	// CountNew counts what is stored and changed, or a part of it: more says that there is more to count at
	// once. Several may call it at a time. When it has returned false, Cells knows everything that was stored
	// before it was called, whatever times that has. now is that moment, for Cells to tell.
	CountNew(ctx context.Context, now time.Time) (more bool, err error)
	// Cells returns the cells of spans that satisfy where, whose fields are offer, publisher, coupon_code,
	// status and method; nil: all. The same cell may come more than once, to be added up, and cells may be
	// zero. counted is up to when everything is counted. ErrNotCounted: CountNew has not come to an end
	// yet, since the store is new, or was opened with another zone.
	Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error)
	// CountedMonths returns the first and the last month that has a click or a conversion; first is after
	// last where there is none. ErrNotCounted as Cells.
	CountedMonths(ctx context.Context) (first, last rollup.Month, err error)
	// Recount counts a month anew from clicks and conversions, of the cubes of days and of months, and
	// compares the cells with those that are kept. Where mend is set those that differ become what was
	// counted, without what is counted meanwhile being lost. Clicks of days that are, or may be, deleted
	// already are taken as they are kept. ErrNotCounted as Cells.
	Recount(ctx context.Context, month rollup.Month, mend bool) (rollup.Recount, error)
	// Totals adds up the conversions that satisfy a condition on their fields, as in Conversions; nil: all.
	// The cells have no key but the currency, one for each, and one without for the counts.
	Totals(ctx context.Context, where listing.Expr) ([]rollup.Cell, error)
}

// Config is what a Service works with.
type Config struct {
	Store Store
	Now   func() time.Time
	// After is time.After: by it counting waits.
	After func(time.Duration) <-chan time.Time
	// Zone is the program's time zone, by which days and months are counted.
	Zone *time.Location
}

// Service counts clicks and conversions, sums them up, and keeps reports under names.
type Service struct {
	store Store
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
	zone  *time.Location

	conversions, summaries, savedReports *listing.Schema
}

// New returns the use cases of reports.
func New(c Config) *Service {
	return &Service{
		store: c.Store, now: c.Now, after: c.After, zone: c.Zone,
		conversions: conversions.Schema(), summaries: summarySchema(), savedReports: savedReportSchema(),
	}
}

// moment returns the time, UTC, in the precision that is stored.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// cells is the store's Cells within the time that a caller's sums may take.
func (s *Service) cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error) {
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		cells, counted, err = s.store.Cells(ctx, spans, where)
		return err
	})
	return cells, counted, err
}
