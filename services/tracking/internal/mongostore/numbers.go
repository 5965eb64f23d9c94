package mongostore

import (
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	// inNoBatch stands for the number of what waits for one: it is after all batches. Every double holds it
	// exactly.
	inNoBatch = 1 << 52
	// endless is after that too.
	endless = math.MaxInt64
)

// mark notes that a conversion has an event that is in no batch. before is what it replaces; nil: it is new.
func (d *conversionDocument) mark(before *conversionDocument) {
	if before == nil {
		d.FeedFrom = new(int)
		return
	}
	d.Batches, d.FeedFrom = before.Batches, before.FeedFrom
	if d.FeedFrom != nil {
		return
	}
	for len(d.Batches) <= len(before.History.Changes) {
		d.Batches = append(d.Batches, 0)
	}
	first := len(d.Batches)
	d.FeedFrom = &first
}

// numbers returns the numbers of the batches that a conversion's creation and changes are in. They never
// decrease. What is from before there were batches has 0.
func (d *conversionDocument) numbers() []int64 {
	numbers := append(make([]int64, 0, len(d.History.Changes)+1), d.Batches...)
	var rest int64
	if d.FeedFrom != nil {
		rest = inNoBatch
	}
	for len(numbers) <= len(d.History.Changes) {
		numbers = append(numbers, rest)
	}
	return numbers
}

// history is a conversion with the numbers of its creation and its changes.
type history struct {
	conversion domain.Conversion
	numbers    []int64
}

// at returns the conversion with what is in batches before a number; false: not even its creation is.
func (h *history) at(number int64) (domain.Conversion, bool) {
	n := 0
	for n < len(h.numbers) && h.numbers[n] < number {
		n++
	}
	if n == 0 {
		return domain.Conversion{}, false
	}
	return h.conversion.After(n - 1), true
}

// span is a run of numbers, from inclusive to exclusive.
type span struct{ from, to int64 }

// of selects the documents that have a field in the span.
func (w span) of(field string) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: w.from}, {Key: "$lt", Value: w.to}}}}
}

// tally adds to a tally what is counted of a conversion in the span, which may be less than it takes away.
func (w span) tally(h *history, to *rollup.Sums) {
	if before, there := h.at(w.from); there {
		to.RemoveConversion(&before)
	}
	if after, there := h.at(w.to); there {
		to.AddConversion(&after)
	}
}
