package sqlitestore

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
)

const (
	// retention is how long clicks are kept: a year, the longest click window, and a month.
	retention = 400 * 24 * time.Hour
	// purgeInterval is how often clicks that are older are looked for.
	purgeInterval = time.Hour
)

// purge deletes old clicks in the background, a few at a time and through the store's queue.
type purge struct {
	stop    context.CancelFunc
	stopped chan struct{}
}

func startPurge(queue *groupcommit.Writer[*job]) *purge {
	ctx, stop := context.WithCancel(context.Background())
	p := &purge{stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(purgeInterval)
		defer tick.Stop()
		for {
			purgeClicks(ctx, queue, time.Now().Add(-retention))
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return p
}

// end waits until nothing is purged any more.
func (p *purge) end() {
	p.stop()
	<-p.stopped
}

// purgeClicks deletes the clicks from before a time. What fails now is tried again in an hour.
func purgeClicks(ctx context.Context, queue *groupcommit.Writer[*job], before time.Time) {
	for {
		j := &job{purgeBefore: before}
		if err := queue.Write(ctx, j); err != nil || j.rows < purgeRows {
			return
		}
	}
}

// bindPurge binds what deleteClicks takes. Ids begin with their time, so that the clicks to delete
// are the first in the table.
func bindPurge(a *arguments, before time.Time) {
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], uint64(before.UnixMilli())<<16)
	a.add(first[:6])
	a.add(before.UnixMilli())
	a.add(int64(purgeRows))
}
