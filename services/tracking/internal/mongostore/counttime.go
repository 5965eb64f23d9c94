package mongostore

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Each click, conversion and change has a time under which it is counted, its count time: when it happened
// or, where that is not about when it is written, when it is written. So every count time is settled, which
// is that nothing can still be stored under it, a while later; and what was written late, such as sales of
// last year that are brought in today, is counted all the same.

const (
	// lateAfter is how far from its own time something may be written and still be counted under it.
	lateAfter = 10 * time.Second
	// settle is after how long a time is settled: lateAfter, writeTimeout, and as much for clocks of several
	// instances that differ.
	settle = 30 * time.Second
)

// countTime returns the count time of what happened at a time and is written now; zero where that is the
// time itself.
func countTime(at, now time.Time) time.Time {
	if late := now.Sub(at); late > lateAfter || late < -lateAfter {
		return now
	}
	return time.Time{}
}

// either returns the first of two times that is not zero.
func either(first, second time.Time) time.Time {
	if first.IsZero() {
		return second.UTC()
	}
	return first.UTC()
}

// counted returns a click's count time.
func (d *clickDocument) counted() time.Time { return either(d.CountTime, d.Time) }

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
	for len(d.Batches) <= len(before.Changes) {
		d.Batches = append(d.Batches, 0)
	}
	first := len(d.Batches)
	d.FeedFrom = &first
}

// stamp sets the count times of a conversion that is written now. before is what it replaces; nil: it is new.
func (d *conversionDocument) stamp(before *conversionDocument, now time.Time) {
	d.mark(before)
	known := 0
	if before == nil {
		d.CreateCountTime = countTime(d.CreateTime, now)
	} else {
		d.CreateCountTime, known = before.CreateCountTime, len(before.Changes)
	}
	for i := range d.Changes {
		if i < known {
			d.Changes[i].CountTime = before.Changes[i].CountTime
		} else {
			d.Changes[i].CountTime = countTime(d.Changes[i].ChangeTime, now)
		}
	}
	d.CountTime = time.Time{}
	times := d.counted()
	if last := times[len(times)-1]; d.UpdateTime.Before(last) {
		d.CountTime = last // by update_time alone it would not be found
	}
}

// counted returns the count times of a conversion's creation and of its changes. They never decrease: a
// change is not counted before one that came before it.
func (d *conversionDocument) counted() []time.Time {
	times := make([]time.Time, 1, len(d.Changes)+1)
	times[0] = either(d.CreateCountTime, d.CreateTime)
	for i := range d.Changes {
		next := either(d.Changes[i].CountTime, d.Changes[i].ChangeTime)
		if last := times[i]; next.Before(last) {
			next = last
		}
		times = append(times, next)
	}
	return times
}

// history is a conversion with the count times of its creation and its changes.
type history struct {
	conversion rules.Conversion
	times      []time.Time
}

// at returns the conversion with what is counted before a time; false: not even its creation is.
func (h *history) at(t time.Time) (rules.Conversion, bool) {
	n := 0
	for n < len(h.times) && h.times[n].Before(t) {
		n++
	}
	if n == 0 {
		return rules.Conversion{}, false
	}
	return h.conversion.After(n - 1), true
}

// span is a run of count times, from inclusive to exclusive.
type span struct{ from, to time.Time }

// endless is after all count times.
func endless() time.Time { return time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC) }

// holds says whether a time is in the span.
func (w span) holds(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

// of selects the documents that have a time field in the span.
func (w span) of(field string) bson.D {
	return bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: w.from}, {Key: "$lt", Value: w.to}}}}
}

// clicks selects the clicks that may be counted in the span.
func (w span) clicks() bson.D {
	return bson.D{{Key: "$or", Value: []bson.D{w.of("time"), w.of("count_time")}}}
}

// conversions selects the conversions of which something may be counted in the span: those created before
// its end and last changed after its begin.
func (w span) conversions() bson.D {
	since := span{w.from, endless()}
	until := bson.D{{Key: "$lt", Value: w.to}}
	return bson.D{
		{Key: "$or", Value: []bson.D{since.of("update_time"), since.of("count_time")}},
		{Key: "$nor", Value: []bson.D{{
			{Key: "create_time", Value: bson.D{{Key: "$gte", Value: w.to}}},
			{Key: "create_count_time", Value: bson.D{{Key: "$not", Value: until}}},
		}}},
	}
}

// tally adds to a tally what is counted of a conversion in the span, which may be less than it takes away.
func (w span) tally(h *history, to *rules.Tally) {
	if before, there := h.at(w.from); there {
		to.RemoveConversion(&before)
	}
	if after, there := h.at(w.to); there {
		to.AddConversion(&after)
	}
}

// countedLate selects what has a count time of its own.
func countedLate() bson.D {
	return bson.D{{Key: "count_time", Value: bson.D{{Key: "$gte", Value: time.UnixMilli(0)}}}}
}
