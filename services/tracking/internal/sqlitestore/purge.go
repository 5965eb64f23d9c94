package sqlitestore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

const (
	// clickRetention is how long clicks are kept unless Options say less: a year, the longest click window, and a month.
	clickRetention = 400 * 24 * time.Hour
	// useRetention is how long the uses of a day are kept.
	useRetention = 400 * 24 * time.Hour
	// deliveryRetention is how long finished deliveries are kept.
	deliveryRetention = 90 * 24 * time.Hour
	// scanRetention is how long scans of offers are kept, with their results.
	scanRetention = 90 * 24 * time.Hour
	// reservationRetention is how long reservations are kept after they expire, so that the checkout's key means the same
	// reservation for as long.
	reservationRetention = 30 * 24 * time.Hour
	// purgeInterval is how often old rows are looked for.
	purgeInterval = time.Hour
	// purgeRows is how many rows one job deletes at most, so that no write waits long for it.
	purgeRows = 1000

	// deleteClicks deletes no click that is not counted yet.
	deleteClicks = `DELETE FROM clicks WHERE id IN (SELECT id FROM clicks
		WHERE id < ? AND time < ? AND id <= (SELECT click FROM counted) ORDER BY id LIMIT ?)`
	setClicksSince   = `UPDATE counted SET clicks_since = max(clicks_since, ?)`
	deletePostbacks  = `DELETE FROM postbacks WHERE id IN (SELECT id FROM postbacks WHERE id < ? AND create_time < ? ORDER BY id LIMIT ?)`
	deleteDeliveries = `DELETE FROM deliveries WHERE (conversion, change, publisher) IN (SELECT conversion, change, publisher FROM deliveries
		WHERE state <> 'DUE' AND create_time < ? ORDER BY create_time LIMIT ?)`
	deleteScanResults = `DELETE FROM offer_scan_results WHERE (scan, coupon) IN (SELECT scan, coupon FROM offer_scans JOIN offer_scan_results ON scan = id
		WHERE id < ? AND create_time < ? LIMIT ?)`
	deleteScans = `DELETE FROM offer_scans WHERE id IN (SELECT id FROM offer_scans
		WHERE id < ? AND create_time < ? AND NOT EXISTS (SELECT 1 FROM offer_scan_results WHERE scan = id) ORDER BY id LIMIT ?)`
	deleteReservations = `DELETE FROM reservations WHERE id IN (SELECT id FROM reservations WHERE expire_time < ? ORDER BY expire_time LIMIT ?)`
	deleteUses         = `DELETE FROM coupon_uses WHERE (coupon, day) IN (SELECT coupon, day FROM coupon_uses WHERE day <> '' AND day < ? ORDER BY day LIMIT ?)`
)

// purge deletes old rows in the background, a few at a time and through the store's queue. A clock that is
// wrong must not delete anything: see horizon.
type purge struct {
	queue *groupcommit.Writer[*job]
	// retention is how long the journal is kept, clicks how long clicks are.
	retention, clicks time.Duration
	now               func() time.Time
	log               *slog.Logger
	stop              context.CancelFunc
	stopped           chan struct{}
}

// startPurge purges at once, and then every hour. It decides what is old before it returns, so that rows stored
// later, by a clock that may be wrong, cannot affect it.
func startPurge(queue *groupcommit.Writer[*job], o Options) *purge {
	ctx, stop := context.WithCancel(context.Background())
	p := &purge{queue: queue, retention: o.Retention, clicks: cmp.Or(o.ClickRetention, clickRetention), now: o.Now, log: o.Log, stop: stop, stopped: make(chan struct{})}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	until := p.advance(ctx)
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(purgeInterval)
		defer tick.Stop()
		for {
			p.deleteOld(ctx, until)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				until = p.advance(ctx)
			}
		}
	}()
	return p
}

// end stops the purge and waits for it.
func (p *purge) end() {
	p.stop()
	<-p.stopped
}

// deleteOld deletes rows that are old at a time, nothing if it is zero, and logs how many. What fails now is
// tried again in an hour.
func (p *purge) deleteOld(ctx context.Context, now time.Time) {
	if now.IsZero() {
		return
	}
	counts, err := p.before(ctx, now)
	if len(counts) > 0 {
		p.log.InfoContext(ctx, "deleted rows that were kept for their time", slog.Time("as_of", now), slog.Any("rows", counts))
	}
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "deleting old rows failed; trying again in an hour", slog.Any("error", err))
	}
}

// before deletes the rows that are too old at a time, and returns how many in each table.
func (p *purge) before(ctx context.Context, now time.Time) (map[string]int64, error) {
	journal, scans := now.Add(-p.retention), now.Add(-scanRetention)
	counts := map[string]int64{}
	deleted, err := p.clicksBefore(ctx, now.Add(-p.clicks))
	if deleted > 0 {
		counts["clicks"] = deleted
	}
	if err != nil {
		return counts, fmt.Errorf("deleting old clicks: %w", err)
	}
	for _, old := range []struct {
		table, statement string
		args             []any
	}{
		{"requests", deleteCalls, []any{now.Add(-idempotency.Lifetime).UnixMilli()}},
		{"postbacks", deletePostbacks, []any{firstID(journal), journal.UnixMilli()}},
		{"deliveries", deleteDeliveries, []any{now.Add(-deliveryRetention).UnixMilli()}},
		{"offer_scan_results", deleteScanResults, []any{firstID(scans), scans.UnixMilli()}},
		{"offer_scans", deleteScans, []any{firstID(scans), scans.UnixMilli()}},
		{"reservations", deleteReservations, []any{now.Add(-reservationRetention).UnixMilli()}},
		{"coupon_uses", deleteUses, []any{now.Add(-useRetention).UTC().Format(time.DateOnly)}},
	} {
		deleted, err := p.rows(ctx, old.statement, old.args...)
		if deleted > 0 {
			counts[old.table] = deleted
		}
		if err != nil {
			return counts, fmt.Errorf("deleting old %s: %w", old.table, err)
		}
	}
	return counts, nil
}

// clicksBefore deletes the clicks of before a time, and returns how many it deleted. It notes the time with them, since
// recounts must not take what is deleted for zero.
func (p *purge) clicksBefore(ctx context.Context, since time.Time) (int64, error) {
	return p.inParts(ctx, func(ctx context.Context, tx *tx) (int64, error) {
		deleted, err := tx.Exec(ctx, deleteClicks, firstID(since), since.UnixMilli(), purgeRows)
		if err == nil && deleted > 0 {
			_, err = tx.Exec(ctx, setClicksSince, since.UnixMilli())
		}
		return deleted, err
	})
}

// rows runs a statement that deletes rows, and returns how many it deleted.
func (p *purge) rows(ctx context.Context, statement string, args ...any) (int64, error) {
	return p.inParts(ctx, func(ctx context.Context, tx *tx) (int64, error) {
		return tx.Exec(ctx, statement, append(args, purgeRows)...)
	})
}

// inParts calls part, which deletes at most purgeRows rows, until no more are left.
func (p *purge) inParts(ctx context.Context, part func(context.Context, *tx) (int64, error)) (all int64, err error) {
	for {
		var deleted int64
		err := p.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
			deleted, err = part(ctx, tx)
			return err
		}})
		if err != nil {
			return all, err
		}
		all += deleted
		if deleted < purgeRows {
			return all, nil
		}
	}
}

// firstID returns the lower bound of the ids of a time or later. Ids begin with their time, so the oldest come
// first in their table.
func firstID(at time.Time) []byte {
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], uint64(at.UnixMilli())<<16)
	return first[:6]
}
