package mongostore

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

const (
	// leastWindow is how long a process leaves batches uncounted, unless they are large: cells of the day are
	// touched by nearly every window, and what is not in the cells yet is quickly added to them where it is asked
	// for.
	leastWindow = 10 * time.Second
	// mostEvents is how many clicks and events a window has at most, but for those of its last batch.
	mostEvents = 20_000
	// tailEvents is how many clicks and events that are not in the cells yet a summary adds at most. A window fits
	// into it.
	tailEvents = 50_000
	// batchesListed is how many batches are looked at to see how much there is to count.
	batchesListed = 1000
	// batchesKept is how many batches of clicks that are counted are kept, for those to read who are slow.
	batchesKept = 100
	// cellsAtOnce is how many cells are written in one call.
	cellsAtOnce = 1000
	// othersPause is the pause before checking again whether another process has done its part.
	othersPause = 100 * time.Millisecond
)

// CountNew puts new records into batches, and counts waiting batches, or some of them, once there are enough. Cells adds
// what is not counted yet.
//
// Batches are counted in windows, one after another. A window always yields the same sums, and each cell records
// up to which batch it is complete. So a window that is counted again, after a crash or by two processes at once, adds
// nothing twice.
func (s *Store) CountNew(ctx context.Context, _ time.Time) (more bool, err error) {
	p, ours, err := s.readProgress(ctx)
	if err != nil || !ours {
		return false, err
	}
	switch busy := s.others.busy(p, s.clock(), s.leaseTime); {
	case busy && p.Phase == ready:
		return false, nil
	case busy:
		return true, pause(ctx, othersPause)
	case p.Phase != ready:
		return true, s.leased(ctx, p, p, s.build)
	case p.CountingTo != 0: // left by a process that failed
		return true, s.leased(ctx, p, p, s.countWindow)
	}
	due := s.others.idle(p, s.clock()) >= leastWindow
	last, more, err := s.numberAll(ctx)
	if err != nil {
		return false, err
	}
	if !more && s.keepsLonger.Load() {
		// What is not counted yet is new.
		if err := clickage.Shorten(ctx, s.db, s.clickRetention); err != nil {
			return false, err
		}
		s.keepsLonger.Store(false)
	}
	next := p
	var waiting int
	if next.CountingTo, waiting, err = s.windowEnd(ctx, span{p.CountedTo, last + 1}); err != nil {
		return false, err
	}
	if waiting == 0 || !due && waiting < mostEvents {
		return more, nil
	}
	return more || next.CountingTo <= last, s.leased(ctx, p, next, s.countWindow)
}

// numberAll puts conversions and clicks that wait into a batch each, and returns the number of the last batch.
func (s *Store) numberAll(ctx context.Context) (last int64, more bool, err error) {
	if _, more, err = s.number(ctx, s.waitingEvents); err != nil {
		return 0, false, err
	}
	last, moreClicks, err := s.number(ctx, s.waitingClicks)
	return last, more || moreClicks, err
}

// windowEnd returns where a window ends that begins with a span and is no longer, and how much it has: it ends
// where it has enough.
func (s *Store) windowEnd(ctx context.Context, longest span) (end int64, size int, err error) {
	batches, err := s.sizes(ctx, longest)
	end = longest.from
	for _, b := range batches {
		if size >= mostEvents {
			break
		}
		end, size = b.ID+1, size+b.Size
	}
	return end, size, err
}

// sizes returns the first batches of a span, without what they have.
func (s *Store) sizes(ctx context.Context, w span) ([]batch, error) {
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(batchesListed).
		SetProjection(bson.D{{Key: "size", Value: 1}, {Key: "time", Value: 1}})
	return s.batches(ctx, w.of("_id"), opts)
}

// batches returns the batches that a filter selects.
func (s *Store) batches(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]batch, error) {
	return mongodoc.Find[batch](ctx, s.db, feed, "reading the feed", filter, opts)
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
	p.CountedTo, p.CountingTo = p.CountingTo, 0
	old := bson.D{{Key: "told", Value: false}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: p.CountedTo - batchesKept}}}}
	if _, err := s.db.Collection(feed).DeleteMany(ctx, old); err != nil {
		return p, mongodoc.Failure("deleting batches of clicks that are counted", err)
	}
	return p, nil
}

// window returns what the window that is being counted brings to cells.
func (s *Store) window(ctx context.Context, p progress) ([]mongodb.Upsert, error) {
	tally := rollup.New(s.calendar)
	w := span{p.CountedTo, p.CountingTo}
	err := s.db.AtOneMoment(ctx, func(ctx context.Context) error {
		events := newEvents()
		if err := s.gather(ctx, w, events); err != nil {
			return err
		}
		if events.batches != w.to-w.from {
			return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "of the batches %d to %d, %d can be read", w.from, w.to-1, events.batches)
		}
		return s.tallyEvents(ctx, events, w.to, map[int64]*rollup.Sums{w.from: tally})
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

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}
