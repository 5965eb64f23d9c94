package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// clickDrift is how much the time in an id may differ from its click's time. They differ only for imported
// clicks.
const clickDrift = time.Hour

var (
	// The plus keeps SQLite from scanning the table in rowid order.
	selectDaysConversions = talliedConversion.From("conversions", "rowid") + ` WHERE conversion_time >= ? AND conversion_time < ? AND +rowid <= ?`  //nolint:gosec // names that the program chose
	selectDaysClicks      = talliedClick.From("clicks", "id") + ` WHERE id >= ? AND id < ? AND +id <= ? AND crawler = 0 AND time >= ? AND time < ?` //nolint:gosec // names that the program chose
)

// Recount implements reporting.Store. One recount runs at a time. It has one consistent view, whatever is
// counted meanwhile, and holds in memory the cells of a day, those of the month, and those that differ.
func (s *Store) Recount(ctx context.Context, month rollup.Month, mend bool) (rollup.Recount, error) {
	select {
	case s.recounts <- struct{}{}:
		defer func() { <-s.recounts }()
	case <-ctx.Done():
		return rollup.Recount{}, ctx.Err()
	}
	r := recount{calendar: s.calendar, months: rollup.New(s.calendar)}
	err := s.view(ctx, func(tx *sql.Tx, at counted) error {
		r.tx, r.at = tx, at
		return r.count(ctx, month)
	})
	if err == nil && mend {
		err = s.mend(ctx, r.found.Differing)
	}
	if err != nil {
		return rollup.Recount{}, viewFailure("recounting a month", err)
	}
	return r.found, nil
}

// mend adds the differences to the stored cells, so that what is counted meanwhile stays.
func (s *Store) mend(ctx context.Context, differing []rollup.Difference) error {
	for len(differing) > 0 {
		part := differing[:min(len(differing), countCells)]
		differing = differing[len(part):]
		err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
			cells := make([]rollup.Cell, len(part))
			for i, d := range part {
				cells[i] = rollup.Cell{Key: d.Key, Measures: d.Counted.Minus(d.Kept)}
			}
			return tx.addCells(ctx, cells)
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// recount is a running recount.
type recount struct {
	calendar rollup.Calendar
	tx       *sql.Tx
	at       counted
	// months are the cells of months, added up day by day.
	months *rollup.Sums
	found  rollup.Recount
}

// count counts a month day by day, so that the cells of one day are in memory at a time.
func (r *recount) count(ctx context.Context, month rollup.Month) error {
	for day := month.First(); day <= month.Last(); day++ {
		if err := r.day(ctx, day); err != nil {
			return err
		}
	}
	kept, err := r.cells(ctx, rollup.StatusMonths, int32(month))
	if err != nil {
		return err
	}
	r.compare(r.months.Cells(), kept)
	return nil
}

func (r *recount) day(ctx context.Context, day rollup.Day) error {
	from, to := r.calendar.Begin(day), r.calendar.Begin(day+1)
	tally := rollup.New(r.calendar)
	if err := r.conversions(ctx, tally, from, to); err != nil {
		return err
	}
	kept, err := r.cells(ctx, rollup.StatusDays, int32(day))
	if err != nil {
		return err
	}
	if from.Before(r.at.clicksSince) {
		addClicks(tally, kept, day.Month())
	} else if err := r.clicks(ctx, tally, from, to); err != nil {
		return err
	}
	var days []rollup.Cell
	for _, c := range tally.Cells() {
		if c.Key.Cube.Monthly() {
			r.months.Add(c)
		} else {
			days = append(days, c)
		}
	}
	r.compare(days, kept)
	return nil
}

// addClicks adds the clicks in a day's stored cells to the tally's cells of that day and of its month.
func addClicks(tally *rollup.Sums, kept []rollup.Cell, month rollup.Month) {
	for _, c := range kept {
		clicks := rollup.Cell{Key: c.Key, Measures: rollup.Measures{Clicks: c.Clicks}}
		tally.Add(clicks)
		clicks.Key.Cube, clicks.Key.Period = c.Key.Cube.Months(), int32(month)
		tally.Add(clicks)
	}
}

// conversions counts the conversions of a period up to the cursor.
func (r *recount) conversions(ctx context.Context, tally *rollup.Sums, from, to time.Time) error {
	rows, err := r.tx.QueryContext(ctx, selectDaysConversions, from.UnixMilli(), to.UnixMilli(), r.at.conversion)
	if err != nil {
		return err
	}
	return sqlrow.EachRow(rows, func(row scanner) (bool, error) {
		var rowid int64
		c, err := scanTallied(row, &rowid)
		tally.AddConversion(&c)
		return true, err
	})
}

// clicks counts the clicks of a period up to the cursor.
func (r *recount) clicks(ctx context.Context, tally *rollup.Sums, from, to time.Time) error {
	rows, err := r.tx.QueryContext(ctx, selectDaysClicks, firstID(from.Add(-clickDrift)), firstID(to.Add(clickDrift)), r.at.click,
		from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	return sqlrow.EachRow(rows, func(row scanner) (bool, error) {
		var id any
		c, err := scanTalliedClick(row, &id)
		tally.AddClick(&c)
		return true, err
	})
}

// cells returns the stored cells of a period, of five cubes starting at first.
func (r *recount) cells(ctx context.Context, first rollup.Cube, period int32) ([]rollup.Cell, error) {
	var kept []rollup.Cell
	for cube := first; cube <= first+rollup.FullDays-rollup.StatusDays; cube++ {
		cells, err := cellsOf(ctx, r.tx, rollup.Span{Cube: cube, From: period, To: period}, nil)
		if err != nil {
			return nil, err
		}
		kept = append(kept, cells...)
	}
	return kept, nil
}

// compare notes the cells whose stored values differ from the counted ones.
func (r *recount) compare(counted, kept []rollup.Cell) {
	r.found.Counted += int64(len(counted))
	rest := make(map[rollup.CellKey]rollup.Measures, len(counted))
	for _, c := range counted {
		rest[c.Key] = c.Measures
	}
	for _, c := range kept {
		if rest[c.Key] != c.Measures {
			r.found.Differing = append(r.found.Differing, rollup.Difference{Key: c.Key, Kept: c.Measures, Counted: rest[c.Key]})
		}
		delete(rest, c.Key)
	}
	for key, measures := range rest {
		r.found.Differing = append(r.found.Differing, rollup.Difference{Key: key, Counted: measures})
	}
}
