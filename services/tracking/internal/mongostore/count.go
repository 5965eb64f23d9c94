package mongostore

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// leastWindow is for how long a time is counted at once at least: cells of the day are touched by nearly
	// every window, and what is not in the cells yet is quickly added to them where it is asked for.
	leastWindow = 10 * time.Second
	// engineWindow is leastWindow on the tests' engine, which takes some milliseconds for each
	// cell, while whatever else is asked of it waits.
	engineWindow = 10 * time.Minute
	// mostEvents is how many clicks, and how many conversions, a window has at most, but for those of one
	// millisecond.
	mostEvents = 20_000
	// cellsAtOnce is how many cells are written in one call.
	cellsAtOnce = 1000
	// othersPause is how long is waited before looking again whether others have done their part.
	othersPause = 100 * time.Millisecond
)

// CountNew counts what is settled and not counted yet, or a part of it. What is younger Cells adds itself.
//
// The time is cut into windows, which are counted one after another. What a window brings is the same
// whenever it is reckoned, and by whomever; and each cell knows up to when it has everything, so that a
// window that is counted again, after a crash or by two at once, adds nothing twice.
func (s *Store) CountNew(ctx context.Context, now time.Time) (more bool, err error) {
	p, ours, err := s.readProgress(ctx)
	if err != nil || !ours {
		return false, err
	}
	until := now
	if present := s.now(); present.Before(until) {
		until = present
	}
	until = until.Add(-settle).Truncate(time.Millisecond)
	switch {
	case p.LeaseTime.After(s.now()) && p.Phase == ready:
		return false, nil // another counts
	case p.LeaseTime.After(s.now()):
		return true, pause(ctx, othersPause)
	case p.Phase != ready:
		return true, s.leased(ctx, p, p, s.build)
	case p.CountingTo.IsZero() && until.Sub(p.CountedTo) < s.leastWindow:
		return false, nil
	}
	next := p
	if next.CountingTo.IsZero() {
		if next.CountingTo, err = s.windowEnd(ctx, span{p.CountedTo, until}); err != nil {
			return false, err
		}
	}
	return until.Sub(next.CountingTo) >= s.leastWindow, s.leased(ctx, p, next, s.countWindow)
}

// countWindow counts up to the progress's CountingTo.
func (s *Store) countWindow(ctx context.Context, p progress) (progress, error) {
	upserts, err := s.window(ctx, p)
	if err != nil {
		return p, err
	}
	for some := range slices.Chunk(upserts, cellsAtOnce) {
		if err := s.db.UpsertAll(ctx, figures, some); err != nil {
			return p, err
		}
	}
	p.CountedTo, p.CountingTo = p.CountingTo, time.Time{}
	return p, nil
}

// window returns what the window that is being counted brings to cells.
func (s *Store) window(ctx context.Context, p progress) ([]mongodb.Upsert, error) {
	tally := rules.NewTally(s.calendar)
	w := span{p.CountedTo, p.CountingTo}
	err := s.db.AtOneMoment(ctx, func(ctx context.Context) error {
		return s.eachEvent(ctx, w, func(click *rules.Click, _ time.Time) { tally.AddClick(click) }, func(h *history) { w.tally(h, tally) })
	})
	if err != nil {
		return nil, err
	}
	cells := tally.Cells()
	upserts := make([]mongodb.Upsert, len(cells))
	for i, c := range cells {
		upserts[i] = encodeCell(c, p.Generation, p.CountingTo).advance()
	}
	return upserts, nil
}

// windowEnd returns where a window ends that begins with a span and is no longer: where it has enough events.
func (s *Store) windowEnd(ctx context.Context, longest span) (time.Time, error) {
	end := longest.to
	for _, by := range []struct{ collection, field string }{
		{clicks, "time"}, {clicks, "count_time"}, {conversions, "update_time"}, {conversions, "count_time"},
	} {
		opts := options.FindOne().SetSort(bson.D{{Key: by.field, Value: 1}}).SetSkip(mostEvents).SetProjection(only(by.field))
		found, err := s.db.Collection(by.collection).FindOne(ctx, longest.of(by.field), opts).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			continue
		}
		if err != nil {
			return end, failure("looking for how much there is to count", err)
		}
		if at := found.Lookup(by.field).Time().UTC(); at.Before(end) {
			end = at
		}
	}
	if !end.After(longest.from) {
		return longest.from.Add(time.Millisecond), nil
	}
	return end, nil
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}
