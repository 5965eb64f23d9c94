package rollup

import "slices"

// Dimension is a property that figures can be grouped by.
type Dimension string

// The dimensions; the first three are of time.
const (
	ByDay        Dimension = "DAY"
	ByWeek       Dimension = "WEEK"
	ByMonth      Dimension = "MONTH"
	ByOffer      Dimension = "OFFER"
	ByPublisher  Dimension = "PUBLISHER"
	ByCouponCode Dimension = "COUPON_CODE"
	ByStatus     Dimension = "STATUS"
	ByMethod     Dimension = "METHOD"
)

// Span is a run of a cube's periods, both ends included.
type Span struct {
	Cube     Cube
	From, To int32
}

// Spans returns the fewest cells to read for the days from and to, both inclusive, and the needed dimensions,
// which are those grouped by and those filtered by. No day is in two spans.
func Spans(needed []Dimension, from, to Day) []Span {
	days := cubeOf(needed)
	if from > to {
		return nil
	}
	if slices.Contains(needed, ByDay) || slices.Contains(needed, ByWeek) {
		return []Span{{days, int32(from), int32(to)}}
	}
	// Use whole months in the middle and days at the ends.
	first, last := from.Month(), to.Month()
	if first.First() < from && from != FirstDay {
		first++
	}
	if last.Last() > to && to != LastDay {
		last--
	}
	if first > last {
		return []Span{{days, int32(from), int32(to)}}
	}
	spans := []Span{{days.Months(), int32(first), int32(last)}}
	if from < first.First() && from != FirstDay {
		spans = append(spans, Span{days, int32(from), int32(first.First() - 1)})
	}
	if to > last.Last() && to != LastDay {
		spans = append(spans, Span{days, int32(last.Last() + 1), int32(to)})
	}
	return spans
}

// cubeOf returns the smallest cube of days that has the dimensions.
func cubeOf(needed []Dimension) Cube {
	only := func(of ...Dimension) bool {
		return !slices.ContainsFunc(needed, func(d Dimension) bool { return !d.OfTime() && !slices.Contains(of, d) })
	}
	switch {
	case only(ByStatus, ByMethod):
		return StatusDays
	case only(ByPublisher):
		return PublisherDays
	case only(ByOffer):
		return OfferDays
	case only(ByOffer, ByPublisher, ByCouponCode):
		return CodeDays
	default:
		return FullDays
	}
}

// OfTime reports whether the dimension is a period: day, week or month.
func (d Dimension) OfTime() bool { return d == ByDay || d == ByWeek || d == ByMonth }

// WithoutClicks reports whether clicks must be left out because they lack one of the dimensions.
func WithoutClicks(needed []Dimension) bool {
	return slices.Contains(needed, ByStatus) || slices.Contains(needed, ByMethod)
}

// Day returns the first day of a cell's period.
func (k CellKey) Day() Day {
	if k.Cube.Monthly() {
		return Month(k.Period).First()
	}
	return Day(k.Period)
}
