package reporting

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	defaultSummaryRows = 1000
	maxSummaryRows     = 10_000
)

// SummaryRequest is an unchecked request for sums.
type SummaryRequest struct {
	GroupBy []rollup.Dimension
	// StartDate and EndDate are days such as 2026-11-01, both included; empty: no bound.
	StartDate, EndDate string
	Filter, OrderBy    string
	// MaxRows is how many rows are returned at most; 0: 1,000.
	MaxRows int32
}

// Summary is the result of Summarize.
type Summary struct {
	Rows []SummaryRow
	// RowCount is how many rows there are, those beyond MaxRows included.
	RowCount int
	Totals   rollup.Figures
	// Counted is the time that everything is counted up to.
	Counted time.Time
	Zone    string
}

// SummaryRow is one group. Only the dimensions of the grouping are set.
type SummaryRow struct {
	SummaryKey
	rollup.Figures
}

// SummaryKey identifies a group.
type SummaryKey struct {
	// Date is the first day of the group's day, week or month.
	Date                         rollup.Day
	Offer, Publisher, CouponCode string
	Status                       domain.Status
	Method                       domain.Method
}

// summarySchema has the fields that summaries are filtered by. Its fields are those of rollup.CellKey.
func summarySchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "offer", Kind: listing.Name, Prefix: resource.Offers}, "",
		listing.Field{Name: "publisher", Kind: listing.Name, Prefix: resource.Publishers},
		listing.Field{Name: "coupon_code", Kind: listing.Folded},
		listing.Field{Name: "status", Kind: listing.Enum, Values: conversionStatuses()},
		listing.Field{Name: "method", Kind: listing.Enum, Values: conversionMethods()},
	)
}

func conversionStatuses() []string { return []string{"PENDING", "APPROVED", "REJECTED"} }

func conversionMethods() []string { return []string{"COUPON_CODE", "COUPON_LINK", "CLICK", "MANUAL"} }

// Summarize sums clicks and conversions up.
//
// Errors: InvalidArgument with the field at fault; Unavailable (SUMMARIES_NOT_READY).
func (s *Service) Summarize(ctx context.Context, req SummaryRequest) (Summary, error) {
	plan, err := s.planSummary(ctx, req)
	if err != nil {
		return Summary{}, err
	}
	cells, counted, err := s.cellsOf(ctx, &plan)
	if err != nil {
		return Summary{}, notCounted(err)
	}
	summary := Summary{Counted: counted, Zone: s.zone.String()}
	groups := map[SummaryKey]*rollup.Figures{}
	for _, c := range cells {
		if plan.withoutClicks {
			c.Clicks = 0
		}
		key := plan.key(c.Key)
		if groups[key] == nil {
			groups[key] = &rollup.Figures{}
		}
		groups[key].Add(c)
		summary.Totals.Add(c)
	}
	if len(plan.groupBy) == 0 {
		return summary, nil
	}
	for key, figures := range groups {
		if !figures.IsZero() {
			summary.Rows = append(summary.Rows, SummaryRow{SummaryKey: key, Figures: *figures})
		}
	}
	slices.SortFunc(summary.Rows, plan.compare)
	summary.RowCount = len(summary.Rows)
	summary.Rows = summary.Rows[:min(summary.RowCount, plan.maxRows)]
	return summary, nil
}

// notCounted turns ErrNotCounted into an error for callers.
func notCounted(err error) error {
	if errors.Is(err, domain.ErrNotCounted) {
		return apperr.New(apperr.Unavailable, "SUMMARIES_NOT_READY",
			"clicks and conversions are being counted for the first time since an update or a change of the time zone; try again in a minute")
	}
	return err
}

// summaryPlan is a checked SummaryRequest.
type summaryPlan struct {
	groupBy []rollup.Dimension
	// needed are the dimensions that are grouped by and filtered by.
	needed        []rollup.Dimension
	from, to      rollup.Day
	where         listing.Expr
	order         []listing.Order
	maxRows       int
	withoutClicks bool
	// byOwnCodes says that sales count only if a coupon earned them: the code of another sale may be another publisher's,
	// of whom the caller must not know.
	byOwnCodes bool
}

// cellsOf returns the cells that a summary adds up.
func (s *Service) cellsOf(ctx context.Context, plan *summaryPlan) ([]rollup.Cell, time.Time, error) {
	cells, counted, err := s.cells(ctx, rollup.Spans(plan.needed, plan.from, plan.to), plan.where)
	if err != nil || !plan.byOwnCodes {
		return cells, counted, err
	}
	if plan.withoutClicks {
		cells = nil
	}
	for i := range cells { // of these, only the clicks
		cells[i].Measures = rollup.Measures{Clicks: cells[i].Clicks}
	}
	method := func(m domain.Method) listing.Expr {
		return listing.Compare{Field: "method", Op: listing.Equal, Value: string(m)}
	}
	where := listing.And{plan.where, listing.Or{method(domain.CouponCode), method(domain.CouponLink)}}
	sales, _, err := s.cells(ctx, rollup.Spans(append(plan.needed, rollup.ByMethod), plan.from, plan.to), where)
	for i := range sales {
		sales[i].Clicks = 0
	}
	return append(cells, sales...), counted, err
}

func (s *Service) planSummary(ctx context.Context, req SummaryRequest) (summaryPlan, error) {
	plan := summaryPlan{groupBy: req.GroupBy, maxRows: defaultSummaryRows}
	if err := rollup.CheckGroupBy(req.GroupBy); err != nil {
		return plan, err
	}
	var err error
	if plan.from, plan.to, err = days(req.StartDate, req.EndDate); err != nil {
		return plan, err
	}
	filter, err := s.summaries.Query(listing.Request{Filter: req.Filter}, rows.Of(ctx).In("publisher", "offer"), nil, s.moment())
	if err != nil {
		return plan, err
	}
	plan.where = filter.Where
	plan.needed = append(slices.Clone(req.GroupBy), filteredBy(filter.Where)...)
	plan.byOwnCodes = rows.Of(ctx).LimitedByPublishers() && slices.Contains(plan.needed, rollup.ByCouponCode)
	plan.withoutClicks = rollup.WithoutClicks(plan.needed)
	if plan.order, err = summaryOrder("order_by", req.OrderBy, req.GroupBy, rows.Of(ctx).In("publisher", "offer")); err != nil {
		return plan, err
	}
	switch {
	case req.MaxRows < 0 || req.MaxRows > maxSummaryRows:
		return plan, apperr.Invalid("INVALID_MAX_ROWS", "max_rows", "%d is out of range; it must be 1 to %d, or 0 for %d", req.MaxRows, maxSummaryRows, defaultSummaryRows)
	case req.MaxRows > 0:
		plan.maxRows = int(req.MaxRows)
	}
	return plan, nil
}

// days reads a range of days, both ends included.
func days(start, end string) (from, to rollup.Day, err error) {
	from, to = rollup.FirstDay, rollup.LastDay
	if start != "" {
		if from, err = rollup.ParseDay(start); err != nil {
			return from, to, apperr.Invalid("INVALID_DATE", "start_date", "%s", err)
		}
	}
	if end != "" {
		if to, err = rollup.ParseDay(end); err != nil {
			return from, to, apperr.Invalid("INVALID_DATE", "end_date", "%s", err)
		}
	}
	if from > to {
		return from, to, apperr.Invalid("INVALID_DATE", "end_date", "is before start_date, %s; it must be that day or a later one", from)
	}
	return from, to, nil
}

// filteredBy returns the dimensions that a condition uses.
func filteredBy(e listing.Expr) []rollup.Dimension {
	switch e := e.(type) {
	case listing.And:
		return filteredByAll(e)
	case listing.Or:
		return filteredByAll(e)
	case listing.Not:
		return filteredBy(e.Expr)
	case listing.Compare:
		return []rollup.Dimension{map[string]rollup.Dimension{
			"offer": rollup.ByOffer, "publisher": rollup.ByPublisher, "coupon_code": rollup.ByCouponCode,
			"status": rollup.ByStatus, "method": rollup.ByMethod,
		}[e.Field]}
	default:
		return nil
	}
}

func filteredByAll(all []listing.Expr) []rollup.Dimension {
	var dimensions []rollup.Dimension
	for _, e := range all {
		dimensions = append(dimensions, filteredBy(e)...)
	}
	return dimensions
}

// key returns the group that a cell belongs to.
func (p *summaryPlan) key(of rollup.CellKey) SummaryKey {
	var key SummaryKey
	for _, d := range p.groupBy {
		switch d {
		case rollup.ByDay:
			key.Date = of.Day()
		case rollup.ByWeek:
			key.Date = of.Day().Monday()
		case rollup.ByMonth:
			key.Date = of.Day().Month().First()
		case rollup.ByOffer:
			key.Offer = of.Offer
		case rollup.ByPublisher:
			key.Publisher = of.Publisher
		case rollup.ByCouponCode:
			key.CouponCode = of.CouponCode
		case rollup.ByStatus:
			key.Status = of.Status
		case rollup.ByMethod:
			key.Method = of.Method
		}
	}
	return key
}

// compare orders two rows; rows that are equal in the requested order come in the default order.
func (p *summaryPlan) compare(a, b SummaryRow) int {
	for _, o := range p.order {
		order := compareBy(o.Field, &a, &b)
		if o.Desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Or(
		cmp.Compare(a.Date, b.Date), cmp.Compare(b.Conversions(), a.Conversions()), cmp.Compare(b.Clicks(), a.Clicks()),
		cmp.Compare(a.Offer, b.Offer), cmp.Compare(a.Publisher, b.Publisher), cmp.Compare(a.CouponCode, b.CouponCode),
		cmp.Compare(a.Status, b.Status), cmp.Compare(a.Method, b.Method),
	)
}
