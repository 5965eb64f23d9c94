package mongostore

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
)

// Recount recounts a month, each cell with the batches that it has, and compares. It holds a month's cells
// in memory twice, and no events.
func (s *Store) Recount(ctx context.Context, month rollup.Month, fix bool) (rollup.Recount, error) {
	var r recount
	err := s.db.AtOneMoment(ctx, func(ctx context.Context) (err error) {
		r, err = s.recount(ctx, month)
		return err
	})
	if err != nil {
		return rollup.Recount{}, err
	}
	since, err := clickage.Since(ctx, s.db, s.clickRetention, s.now())
	if err != nil {
		return rollup.Recount{}, err
	}
	result, differing := r.compare(func(k rollup.CellKey) bool { return s.calendar.Begin(k.Day()).Before(since) })
	if !fix {
		return result, nil
	}
	for some := range slices.Chunk(differing, cellsAtOnce) {
		if err := s.db.UpsertAll(ctx, figures, some); err != nil {
			return rollup.Recount{}, err
		}
	}
	return result, nil
}

// recount is what a month's cells are kept as, and what was counted.
type recount struct {
	progress progress
	kept     map[rollup.CellKey]*cellDocument
	// counted has the recounted cells by batch number; the stored cells are complete up to that batch.
	counted map[int64]map[rollup.CellKey]rollup.Measures
}

// recount reads and counts. It reads the cells before the events: what was in a cell then is in batches.
func (s *Store) recount(ctx context.Context, month rollup.Month) (recount, error) {
	r := recount{kept: map[rollup.CellKey]*cellDocument{}, counted: map[int64]map[rollup.CellKey]rollup.Measures{}}
	var err error
	if r.progress, err = s.readyProgress(ctx); err != nil {
		return r, err
	}
	tallies := map[int64]*rollup.Sums{r.progress.CountedTo: rollup.New(s.calendar)}
	err = each(ctx, s, figures, cellsOf(r.progress.Generation, spansOf(month)...), bson.D{}, func(d *cellDocument) {
		r.kept[d.decode().Key] = d
		if through := r.through(d); tallies[through] == nil {
			tallies[through] = rollup.New(s.calendar)
		}
	})
	if err != nil {
		return r, err
	}
	if err := s.tallyPeriod(ctx, month.First(), month.Last(), tallies); err != nil {
		return r, err
	}
	for at, tally := range tallies {
		r.counted[at] = map[rollup.CellKey]rollup.Measures{}
		for _, c := range tally.Cells() {
			r.counted[at][c.Key] = c.Measures
		}
	}
	return r, nil
}

// spansOf returns all cells of a month, those of its days and its own.
func spansOf(month rollup.Month) []rollup.Span {
	var spans []rollup.Span
	for cube := rollup.StatusDays; cube <= rollup.FullDays; cube++ {
		spans = append(spans,
			rollup.Span{Cube: cube, From: int32(month.First()), To: int32(month.Last())},
			rollup.Span{Cube: cube + rollup.StatusMonths - rollup.StatusDays, From: int32(month), To: int32(month)})
	}
	return spans
}

// through returns the first batch that a cell, nil for one that is not kept, does not have.
func (r *recount) through(d *cellDocument) int64 {
	if d == nil {
		return r.progress.CountedTo
	}
	return max(d.Through, r.progress.CountedTo)
}

// compare returns the differences and the upserts that fix them. clicksGone reports whether a cell is so old that its
// clicks may be deleted.
func (r *recount) compare(clicksGone func(rollup.CellKey) bool) (rollup.Recount, []mongodb.Upsert) {
	var result rollup.Recount
	var fixes []mongodb.Upsert
	check := func(key rollup.CellKey, d *cellDocument) {
		var kept rollup.Measures
		mended := int64(0)
		if d != nil {
			kept, mended = d.decode().Measures, d.Mends
		}
		through := r.through(d)
		counted := r.counted[through][key]
		if clicksGone(key) {
			counted.Clicks = kept.Clicks
		}
		if counted != (rollup.Measures{}) {
			result.Counted++
		}
		if counted == kept {
			return
		}
		result.Differing = append(result.Differing, rollup.Difference{Key: key, Kept: kept, Counted: counted})
		missing := encodeCell(rollup.Cell{Key: key, Measures: counted.Minus(kept)}, r.progress.Generation, through)
		missing.Mends = mended
		fixes = append(fixes, missing.fix())
	}
	for key, d := range r.kept {
		check(key, d)
	}
	for key := range r.counted[r.progress.CountedTo] {
		if r.kept[key] == nil {
			check(key, nil)
		}
	}
	return result, fixes
}
