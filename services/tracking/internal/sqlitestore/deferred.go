package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

const (
	claimDeferred  = `UPDATE deferred SET due_time = ? WHERE id = ?`
	putOff         = `UPDATE deferred SET tries = ?, due_time = ? WHERE id = ?`
	settleDeferred = `DELETE FROM deferred WHERE id = ? RETURNING conversion`
	selectAwaited  = `SELECT DISTINCT conversion FROM deferred WHERE reason = 'EARLY_CHANGE'`
	// dueAtStart makes due at once what a dead process had claimed or was about to do: sales, and changes of
	// sales that exist.
	dueAtStart = `UPDATE deferred SET due_time = 0 WHERE reason = 'COUPON_SERVICE_AWAY' OR conversion IN (SELECT id FROM conversions)`
)

var (
	deferredColumns = table.Columns[domain.Deferred]{
		hashColumn("id", func(d *domain.Deferred) *string { return &d.ID }),
		table.Text("reason", func(d *domain.Deferred) *domain.Reason { return &d.Reason }),
		hashColumn("conversion", func(d *domain.Deferred) *string { return &d.Conversion }),
		table.JSON("entry", func(d *domain.Deferred) *record.Postback { return record.EncodePostback(d.Postback) },
			func(d *domain.Deferred, entry *record.Postback) { d.Postback = entry.Decode() }),
		table.Number("tries", func(d *domain.Deferred) *int { return &d.Tries }),
		table.Time("due_time", func(d *domain.Deferred) *time.Time { return &d.DueTime }),
		table.Time("expire_time", func(d *domain.Deferred) *time.Time { return &d.ExpireTime }),
	}
	insertedDeferred = table.Of(deferredColumns, table.Columns[domain.Deferred]{
		timeColumn("postback", func(d *domain.Deferred) *string { return &d.Postback.ID }),
	})

	insertDeferred = `INSERT` + insertedDeferred.Into("deferred") + ` ON CONFLICT DO NOTHING`
	selectEarly    = deferredColumns.From("deferred") + ` WHERE conversion = ? AND reason = 'EARLY_CHANGE' ORDER BY postback LIMIT ?`
	selectDeferred = deferredColumns.From("deferred") + ` WHERE reason = ? AND due_time <= ? ORDER BY due_time LIMIT ?`
)

// awaited holds the ids of the sales that early changes wait for, so a new sale needs no query.
type awaited struct {
	mu  sync.RWMutex
	ids map[string]struct{}
}

func (a *awaited) has(id string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	_, ok := a.ids[id]
	return ok
}

func (a *awaited) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[id] = struct{}{}
}

// remove removes an id unless a change still waits for it. A change that is stored later adds the id once remove
// is done.
func (a *awaited) remove(id string, left func() (bool, error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if more, err := left(); err != nil || more {
		return err
	}
	delete(a.ids, id)
	return nil
}

// recallAwaited reads which sales early changes wait for.
func (s *Store) recallAwaited(ctx context.Context) error {
	waiting, err := list(ctx, s, scanID, selectAwaited)
	s.awaited.ids = make(map[string]struct{}, len(waiting))
	for _, id := range waiting {
		s.awaited.ids[id] = struct{}{}
	}
	return err
}

// scanID reads a row of a conversion's id.
func scanID(row scanner) (id string, err error) {
	err = row.Scan((*hash)(&id))
	return id, err
}

func (s *Store) Defer(ctx context.Context, d domain.Deferred) (kept bool, err error) {
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		if kept, err = tx.deferReport(ctx, d); err != nil || !kept {
			return err
		}
		_, err = write(ctx, tx, insertPostback, insertedPostbacks, &postbackRow{Postback: &d.Postback})
		return err
	}})
	if err != nil {
		return false, err
	}
	s.awaited.add(d.Conversion) // not earlier: see remove
	return kept, nil
}

// deferReport inserts a waiting report. It returns false if the id is taken.
func (t *tx) deferReport(ctx context.Context, d domain.Deferred) (bool, error) {
	rows, err := write(ctx, t, insertDeferred, insertedDeferred, &d)
	return rows == 1, err
}

func (s *Store) EarlyChanges(ctx context.Context, conversion string, limit int) ([]domain.Deferred, error) {
	waiting, err := list(ctx, s, deferredColumns.Read, selectEarly, hashKey(conversion), limit)
	return waiting, readFailure("reading the changes that wait for a conversion", err)
}

// ClaimDeferred implements attribution.Store. Usually nothing is due, and it writes nothing.
func (s *Store) ClaimDeferred(ctx context.Context, reason domain.Reason, now, until time.Time, limit int) ([]domain.Deferred, error) {
	found, err := list(ctx, s, deferredColumns.Read, selectDeferred, string(reason), now.UnixMilli(), 1)
	if err != nil || len(found) == 0 {
		return nil, readFailure("looking for reports that are due", err)
	}
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		if found, err = all(ctx, tx, deferredColumns.Read, selectDeferred, string(reason), now.UnixMilli(), limit); err != nil {
			return err
		}
		for i := range found {
			found[i].DueTime = until
			if _, err := tx.exec(ctx, claimDeferred, until.UnixMilli(), hashKey(found[i].ID)); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (s *Store) PutOff(ctx context.Context, d domain.Deferred) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, putOff, int64(d.Tries), d.DueTime.UnixMilli(), hashKey(d.ID))
		return err
	}})
}

func (s *Store) Settle(ctx context.Context, id string) error {
	conversion := ""
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		conversion, err = one(ctx, tx, scanID, settleDeferred, hashKey(id))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}})
	if err != nil || conversion == "" {
		return err
	}
	return s.awaited.remove(conversion, func() (bool, error) {
		left, err := s.EarlyChanges(ctx, conversion, 1)
		return len(left) > 0, err
	})
}
