package sqlitestore

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
)

const (
	// clickRetention is how long clicks are kept: a year, the longest click window, and a month. So are
	// the uses of a day.
	clickRetention = 400 * 24 * time.Hour
	// deliveryRetention is how long deliveries are kept that are done.
	deliveryRetention = 90 * 24 * time.Hour
	// scanRetention is how long scans of offers are kept, with their results.
	scanRetention = 90 * 24 * time.Hour
	// purgeInterval is how often what is older is looked for.
	purgeInterval = time.Hour
	// purgeRows is how many rows one job deletes at most, so that no write waits long for it.
	purgeRows = 1000

	deleteClicks     = `DELETE FROM clicks WHERE id IN (SELECT id FROM clicks WHERE id < ? AND time < ? ORDER BY id LIMIT ?)`
	deletePostbacks  = `DELETE FROM postbacks WHERE id IN (SELECT id FROM postbacks WHERE id < ? AND create_time < ? ORDER BY id LIMIT ?)`
	deleteDeliveries = `DELETE FROM deliveries WHERE (conversion, change, publisher) IN (SELECT conversion, change, publisher FROM deliveries
		WHERE state <> 'DUE' AND create_time < ? ORDER BY create_time LIMIT ?)`
	deleteScanResults = `DELETE FROM offer_scan_results WHERE (scan, coupon) IN (SELECT scan, coupon FROM offer_scans JOIN offer_scan_results ON scan = id
		WHERE id < ? AND create_time < ? LIMIT ?)`
	deleteScans = `DELETE FROM offer_scans WHERE id IN (SELECT id FROM offer_scans
		WHERE id < ? AND create_time < ? AND NOT EXISTS (SELECT 1 FROM offer_scan_results WHERE scan = id) ORDER BY id LIMIT ?)`
	deleteUses = `DELETE FROM coupon_uses WHERE (coupon, day) IN (SELECT coupon, day FROM coupon_uses WHERE day <> '' AND day < ? ORDER BY day LIMIT ?)`
)

// purge deletes what is old in the background, a few rows at a time and through the store's queue.
type purge struct {
	queue *groupcommit.Writer[*job]
	// retention is how long the journal is kept.
	retention time.Duration
	stop      context.CancelFunc
	stopped   chan struct{}
}

func startPurge(queue *groupcommit.Writer[*job], o Options) *purge {
	ctx, stop := context.WithCancel(context.Background())
	p := &purge{queue: queue, retention: o.Retention, stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(purgeInterval)
		defer tick.Stop()
		for {
			p.all(ctx, o.Now())
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

// all deletes what is too old at a time.
func (p *purge) all(ctx context.Context, now time.Time) {
	clicks, journal := now.Add(-clickRetention), now.Add(-p.retention)
	p.rows(ctx, deleteClicks, firstID(clicks), clicks.UnixMilli())
	p.rows(ctx, deletePostbacks, firstID(journal), journal.UnixMilli())
	p.rows(ctx, deleteDeliveries, now.Add(-deliveryRetention).UnixMilli())
	scans := now.Add(-scanRetention)
	p.rows(ctx, deleteScanResults, firstID(scans), scans.UnixMilli())
	p.rows(ctx, deleteScans, firstID(scans), scans.UnixMilli())
	p.rows(ctx, deleteUses, clicks.UTC().Format(time.DateOnly))
}

// rows deletes what a statement says. What fails now is tried again in an hour.
func (p *purge) rows(ctx context.Context, statement string, args ...any) {
	for {
		var deleted int64
		err := p.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
			deleted, err = tx.exec(ctx, statement, append(args, purgeRows)...)
			return err
		}})
		if err != nil || deleted < purgeRows {
			return
		}
	}
}

// firstID returns what all ids of a time and later are not less than: they begin with their time, so
// that the oldest are the first in their table.
func firstID(at time.Time) []byte {
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], uint64(at.UnixMilli())<<16)
	return first[:6]
}
