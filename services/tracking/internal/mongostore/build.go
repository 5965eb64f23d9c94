package mongostore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// build does the next part of counting what was stored before the figures were begun, as it stood at
// CountedTo, and returns what is next. Cells are inserted whole: in a repeat they are there already.
func (s *Store) build(ctx context.Context, p progress) (progress, error) {
	ctx = mongodb.WithLimit(ctx, scanTimeout)
	switch p.Phase {
	case clearing:
		older := bson.D{{Key: "generation", Value: bson.D{{Key: "$lt", Value: p.Generation}}}}
		if _, err := s.db.Collection(figures).DeleteMany(ctx, older); err != nil {
			return p, mongodoc.Failure("deleting the figures of before", err)
		}
		p.Phase, p.Next = countingDays, math.MinInt32
		return p, nil
	case countingDays:
		day, found, err := s.nextDay(ctx, p)
		if err != nil {
			return p, err
		}
		if !found {
			p.Phase, p.Next = countingMonths, math.MinInt32
			return p, nil
		}
		p.Next = int32(day) + 1
		return p, s.buildDay(ctx, p, day)
	default:
		month, found, err := s.nextMonth(ctx, p)
		if err != nil {
			return p, err
		}
		if !found {
			p.Phase = ready
			return p, nil
		}
		p.Next = int32(month) + 1
		return p, s.buildMonth(ctx, p, month)
	}
}

// nextDay returns the first day from p.Next on that has a click or a conversion. found is false at the end.
func (s *Store) nextDay(ctx context.Context, p progress) (day rollup.Day, found bool, err error) {
	from := time.Time{}
	if p.Next != math.MinInt32 {
		from = s.calendar.Begin(rollup.Day(p.Next))
	}
	first := farFuture()
	for _, by := range []struct{ collection, field string }{{clicks, "time"}, {conversions, "conversion_time"}} {
		opts := options.FindOne().SetSort(bson.D{{Key: by.field, Value: 1}}).SetProjection(mongodoc.Only(by.field))
		document, err := s.db.Collection(by.collection).FindOne(ctx, withinPeriod(by.field, from, first), opts).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			continue
		}
		if err != nil {
			return 0, false, mongodoc.Failure("looking for the next day to count", err)
		}
		if at := document.Lookup(by.field).Time(); at.Before(first) {
			first, found = at, true
		}
	}
	return s.calendar.Day(first), found, nil
}

func (s *Store) buildDay(ctx context.Context, p progress, day rollup.Day) error {
	tally := rollup.New(s.calendar)
	err := s.db.AtOneMoment(ctx, func(ctx context.Context) error {
		return s.tallyPeriod(ctx, day, day, map[int64]*rollup.Sums{p.CountedTo: tally})
	})
	if err != nil {
		return err
	}
	var days []any
	for _, c := range tally.Cells() {
		if !c.Key.Cube.Monthly() {
			days = append(days, encodeCell(c, p.Generation, p.CountedTo))
		}
	}
	return s.insertCells(ctx, days)
}

// tallyPeriod adds the clicks and conversions of days to tallies, each with what is in batches before the tally's
// number.
func (s *Store) tallyPeriod(ctx context.Context, first, last rollup.Day, tallies map[int64]*rollup.Sums) error {
	from, to := s.calendar.Begin(first), s.calendar.Begin(last+1)
	err := s.eachClick(ctx, withinPeriod("time", from, to), func(d *clickDocument) {
		click := d.decode()
		for before, tally := range tallies {
			if d.Batch < before {
				tally.AddClick(&click)
			}
		}
	})
	if err != nil {
		return err
	}
	return s.eachConversion(ctx, withinPeriod("conversion_time", from, to), func(h *history) {
		for before, tally := range tallies {
			if c, there := h.at(before); there {
				tally.AddConversion(&c)
			}
		}
	})
}

// farFuture is after all times of clicks and conversions.
func farFuture() time.Time { return time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC) }

// nextMonth returns the first month from p.Next on that has days. found is false at the end.
func (s *Store) nextMonth(ctx context.Context, p progress) (month rollup.Month, found bool, err error) {
	from := rollup.FirstDay
	if p.Next != math.MinInt32 {
		from = rollup.Month(p.Next).First()
	}
	filter := cellsOf(p.Generation, rollup.Span{Cube: rollup.StatusDays, From: int32(from), To: int32(rollup.LastDay)})
	var cell cellDocument
	err = s.db.Collection(figures).FindOne(ctx, filter, options.FindOne().SetSort(bson.D{{Key: "period", Value: 1}})).Decode(&cell)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, false, nil
	}
	return rollup.Day(cell.Period).Month(), err == nil, mongodoc.Failure("looking for the next month to count", err)
}

// buildMonth adds up a month's days.
func (s *Store) buildMonth(ctx context.Context, p progress, month rollup.Month) error {
	tally := rollup.New(s.calendar)
	var days []rollup.Span
	for cube := rollup.StatusDays; cube <= rollup.FullDays; cube++ {
		days = append(days, rollup.Span{Cube: cube, From: int32(month.First()), To: int32(month.Last())})
	}
	err := each(ctx, s, figures, cellsOf(p.Generation, days...), bson.D{}, func(d *cellDocument) {
		c := d.decode()
		c.Key.Cube, c.Key.Period = c.Key.Cube+rollup.StatusMonths-rollup.StatusDays, int32(month)
		tally.Add(c)
	})
	if err != nil {
		return err
	}
	var months []any
	for _, c := range tally.Cells() {
		months = append(months, encodeCell(c, p.Generation, p.CountedTo))
	}
	return s.insertCells(ctx, months)
}

// insertCells inserts cells unless they are there.
func (s *Store) insertCells(ctx context.Context, cells []any) error {
	for len(cells) > 0 {
		some := cells[:min(len(cells), cellsAtOnce)]
		for _, err := range s.db.InsertAll(ctx, figures, some) {
			if err != nil && !mongodb.IsUnique(err) {
				return fmt.Errorf("inserting figures: %w", err)
			}
		}
		cells = cells[len(some):]
	}
	return nil
}
