// Package reporting counts clicks and conversions, sums them up, looks for leaked codes, and keeps saved reports.
package reporting

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Store stores figures and saved reports.
type Store interface {
	FigureStore
	SavedReportStore
}

// FigureStore keeps the figures of clicks and conversions, as the cells of rollup.Sums in the calendar that the
// store was opened with. At any moment they equal a Sums of all counted clicks and conversions, even after
// crashes: each is counted once, and a change of a conversion moves it from its old cells to the new.
type FigureStore interface {
	// CountNew counts what was stored and changed, or a part of it; more says that it should be called again at
	// once. Concurrent calls are allowed. After it returns false, Cells includes everything that was stored
	// before the call, regardless of its times. now is the time of the call, which Cells returns as counted.
	CountNew(ctx context.Context, now time.Time) (more bool, err error)
	// Cells returns the cells of spans that satisfy where, whose fields are offer, publisher, coupon_code,
	// status and method; nil: all. The same cell may come more than once, to be added up, and cells may be
	// zero. Everything up to counted is counted. It returns ErrNotCounted until CountNew has first finished,
	// after the store was created or opened with another zone.
	Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error)
	// CountedMonths returns the first and the last month with a click or a conversion; first is after last if
	// no month has any. ErrNotCounted as for Cells.
	CountedMonths(ctx context.Context) (first, last rollup.Month, err error)
	// Recount recounts a month from its clicks and conversions, in the cubes of days and of months, and
	// compares the result with the stored cells. If fix is true, it corrects those that differ, and loses
	// nothing that is counted meanwhile. For days whose clicks may already be deleted, it trusts the stored
	// clicks. ErrNotCounted as for Cells.
	Recount(ctx context.Context, month rollup.Month, fix bool) (rollup.Recount, error)
	// Totals adds up the conversions that satisfy a condition on their fields, as in Conversions; nil: all. The
	// cells have only the currency as their key: one cell for each currency, and one without a currency for the
	// counts.
	Totals(ctx context.Context, where listing.Expr) ([]rollup.Cell, error)
}

// Config is what a Service works with.
type Config struct {
	Store Store
	Now   func() time.Time
	// After is time.After, for counting.
	After func(time.Duration) <-chan time.Time
	// Zone is the program's time zone. Days and months, and dates in filters, are those of this zone.
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
		conversions: conversions.Schema(c.Zone), summaries: summarySchema(), savedReports: savedReportSchema(),
	}
}

// moment returns the time in UTC, in the stored precision.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// cells is the store's Cells with the time limit of sums for callers.
func (s *Service) cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error) {
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		cells, counted, err = s.store.Cells(ctx, spans, where)
		return err
	})
	return cells, counted, err
}
