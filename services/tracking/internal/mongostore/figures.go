package mongostore

import (
	"context"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Cells returns the cells of spans that satisfy a condition, and adds what is not in them yet, if that is not too
// much: where counting keeps up, it is what came in some ten seconds. So they are exact at any moment, also while
// somebody counts, and up to date; if counting is behind, counted says up to when.
func (s *Store) Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error) {
	now := s.now()
	err = s.db.AtOneMoment(ctx, func(ctx context.Context) error {
		cells, counted, err = s.cells(ctx, spans, where)
		return err
	})
	if counted.IsZero() {
		counted = now
	}
	return cells, counted, err
}

// cells is Cells in one snapshot; counted is zero if that is now. It is also right without snapshots, because it
// reads the progress first, then the cells, and then the events.
func (s *Store) cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error) {
	p, err := s.readyProgress(ctx)
	if err != nil || len(spans) == 0 {
		return nil, counted, err
	}
	ahead := map[rollup.CellKey]int64{} // the cells that have more than the progress says
	tails := map[int64]*rollup.Sums{p.CountedTo: rollup.New(s.calendar)}
	filter := cellsOf(p.Generation, spans...)
	if where != nil {
		condition, _ := bsonquery.Build(listing.Query{Where: where})
		filter = bson.D{{Key: "$and", Value: []bson.D{filter, condition}}}
	}
	err = each(ctx, s, figures, filter, bson.D{}, func(d *cellDocument) {
		c := d.decode()
		cells = append(cells, c)
		if d.Through > p.CountedTo {
			ahead[c.Key] = d.Through
			if tails[d.Through] == nil {
				tails[d.Through] = rollup.New(s.calendar)
			}
		}
	})
	if err != nil {
		return nil, counted, err
	}
	if counted, err = s.tallyTails(ctx, p.CountedTo, tails); err != nil {
		return nil, counted, err
	}
	for from, tail := range tails {
		for _, c := range tail.Cells() {
			through, isAhead := ahead[c.Key]
			if !isAhead {
				through = p.CountedTo
			}
			if through == from && inSpans(c.Key, spans) && listing.Match(where, fieldOf(c.Key)) {
				cells = append(cells, c)
			}
		}
	}
	return cells, counted, nil
}

// tallyTails adds to each tally the batches from its number on, and what is in no batch yet. No number is before
// from. If that is too much, it leaves out the latest and returns the time that it counted up to.
func (s *Store) tallyTails(ctx context.Context, from int64, tails map[int64]*rollup.Sums) (counted time.Time, err error) {
	// Read what waits first, so that nothing that gets into a batch meanwhile is missed.
	tail := newEvents()
	if err := s.gatherWaiting(ctx, tail); err != nil {
		return counted, err
	}
	batches, err := s.sizes(ctx, span{from, endless})
	if err != nil {
		return counted, err
	}
	size, to, whole := 0, from, tail.size() <= s.tailEvents && len(batches) < batchesListed
	var last time.Time
	for _, b := range batches {
		if size += b.Size; size > s.tailEvents {
			whole = false
			break
		}
		to, last = b.ID+1, b.Time.UTC()
	}
	if !whole {
		tail, counted = newEvents(), last
	}
	if err := s.gather(ctx, span{from, to}, tail); err != nil {
		return counted, err
	}
	if whole {
		to = endless
	}
	return counted, s.tallyEvents(ctx, tail, to, tails)
}

// readyProgress returns the progress, or domain.ErrNotCounted.
func (s *Store) readyProgress(ctx context.Context) (progress, error) {
	p, ours, err := s.readProgress(ctx)
	if err == nil && (!ours || p.Phase != ready) {
		return p, domain.ErrNotCounted
	}
	return p, err
}

// cellsOf selects the cells of one or more spans.
func cellsOf(generation int64, spans ...rollup.Span) bson.D {
	filters := make([]bson.D, len(spans))
	for i, of := range spans {
		filters[i] = bson.D{
			{Key: "generation", Value: generation},
			{Key: "cube", Value: of.Cube},
			{Key: "period", Value: bson.D{{Key: "$gte", Value: of.From}, {Key: "$lte", Value: of.To}}},
		}
	}
	if len(filters) == 1 {
		return filters[0]
	}
	return bson.D{{Key: "$or", Value: filters}}
}

// inSpans says whether a cell is in one of the spans.
func inSpans(k rollup.CellKey, spans []rollup.Span) bool {
	for _, of := range spans {
		if k.Cube == of.Cube && k.Period >= of.From && k.Period <= of.To {
			return true
		}
	}
	return false
}

// fieldOf returns a cell's fields by their names, as listing.Match asks for them.
func fieldOf(k rollup.CellKey) func(field string) any {
	return func(field string) any {
		switch field {
		case "offer":
			return k.Offer
		case "publisher":
			return k.Publisher
		case "coupon_code":
			return k.CouponCode
		case "status":
			return string(k.Status)
		case "method":
			return string(k.Method)
		default:
			return nil
		}
	}
}

// CountedMonths returns the first and the last month that has a click or a conversion.
func (s *Store) CountedMonths(ctx context.Context) (first, last rollup.Month, err error) {
	cells, _, err := s.Cells(ctx, []rollup.Span{{Cube: rollup.StatusMonths, From: math.MinInt32, To: math.MaxInt32}}, nil)
	if err != nil {
		return 0, 0, err
	}
	events := map[rollup.Month]int64{}
	for _, c := range cells {
		events[rollup.Month(c.Key.Period)] += c.Clicks + c.Conversions
	}
	first, last = math.MaxInt32, math.MinInt32
	for month, n := range events {
		if n > 0 {
			first, last = min(first, month), max(last, month)
		}
	}
	return first, last, nil
}
