// Package deferred stores, in the tracking service's SQLite file, the reports that wait to be judged.
//
// Only the SQLite store imports it.
package deferred

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	claimDeferred  = `UPDATE deferred SET due_time = ? WHERE id = ?`
	putOff         = `UPDATE deferred SET tries = ?, due_time = ? WHERE id = ?`
	settleDeferred = `DELETE FROM deferred WHERE id = ? RETURNING conversion`
	selectAwaited  = `SELECT DISTINCT conversion FROM deferred WHERE reason = 'EARLY_CHANGE'`
	// AtStart makes the work of a process that died due at once: waiting sales, and changes of sales that exist.
	AtStart = `UPDATE deferred SET due_time = 0 WHERE reason = 'COUPON_SERVICE_AWAY' OR conversion IN (SELECT id FROM conversions)`
)

var (
	deferredColumns = table.Columns[domain.Deferred]{
		sqlrow.HashColumn("id", func(d *domain.Deferred) *string { return &d.ID }),
		table.Text("reason", func(d *domain.Deferred) *domain.Reason { return &d.Reason }),
		sqlrow.HashColumn("conversion", func(d *domain.Deferred) *string { return &d.Conversion }),
		table.JSON("entry", func(d *domain.Deferred) *record.Postback { return record.EncodePostback(d.Postback) },
			func(d *domain.Deferred, entry *record.Postback) { d.Postback = entry.Decode() }),
		table.Number("tries", func(d *domain.Deferred) *int { return &d.Tries }),
		table.Time("due_time", func(d *domain.Deferred) *time.Time { return &d.DueTime }),
		table.Time("expire_time", func(d *domain.Deferred) *time.Time { return &d.ExpireTime }),
	}
	insertedDeferred = table.Of(deferredColumns, table.Columns[domain.Deferred]{
		sqlrow.TimeColumn("postback", func(d *domain.Deferred) *string { return &d.Postback.ID }),
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

// Store stores waiting reports.
type Store struct {
	db      *sqlitedb.DB
	run     sqlrow.Tasks
	journal Journal
	awaited awaited
}

// Journal writes an entry of the journal.
type Journal func(context.Context, *sqlrow.Tx, *domain.Postback) error

// Open returns a Store on a file. It reads which conversions are awaited.
func Open(ctx context.Context, db *sqlitedb.DB, run sqlrow.Tasks, journal Journal) (*Store, error) {
	waiting, err := sqlrow.List(ctx, db, scanID, selectAwaited)
	s := &Store{db: db, run: run, journal: journal}
	s.awaited.ids = make(map[string]struct{}, len(waiting))
	for _, id := range waiting {
		s.awaited.ids[id] = struct{}{}
	}
	return s, err
}

// Awaits reports whether changes wait for a conversion.
func (s *Store) Awaits(conversion string) bool { return s.awaited.has(conversion) }

// scanID reads a row of a conversion's id.
func scanID(row table.Row) (id string, err error) {
	err = row.Scan((*sqlrow.Hash)(&id))
	return id, err
}

func (s *Store) Defer(ctx context.Context, d domain.Deferred) (kept bool, err error) {
	err = s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		if kept, err = Put(ctx, tx, d); err != nil || !kept {
			return err
		}
		return s.journal(ctx, tx, &d.Postback)
	})
	if err != nil {
		return false, err
	}
	s.awaited.add(d.Conversion) // not earlier: see remove
	return kept, nil
}

// Put inserts a waiting report. It returns false if the id is taken.
func Put(ctx context.Context, t *sqlrow.Tx, d domain.Deferred) (bool, error) {
	rows, err := sqlrow.Write(ctx, t, insertDeferred, insertedDeferred, &d)
	return rows == 1, err
}

func (s *Store) EarlyChanges(ctx context.Context, conversion string, limit int) ([]domain.Deferred, error) {
	waiting, err := sqlrow.List(ctx, s.db, deferredColumns.Read, selectEarly, sqlrow.HashKey(conversion), limit)
	return waiting, sqlrow.ReadFailure("reading the changes that wait for a conversion", err)
}

// ClaimDeferred implements attribution.Store. Usually nothing is due, and it writes nothing.
func (s *Store) ClaimDeferred(ctx context.Context, reason domain.Reason, now, until time.Time, limit int) ([]domain.Deferred, error) {
	found, err := sqlrow.List(ctx, s.db, deferredColumns.Read, selectDeferred, string(reason), now.UnixMilli(), 1)
	if err != nil || len(found) == 0 {
		return nil, sqlrow.ReadFailure("looking for reports that are due", err)
	}
	err = s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		if found, err = sqlrow.All(ctx, tx, deferredColumns.Read, selectDeferred, string(reason), now.UnixMilli(), limit); err != nil {
			return err
		}
		for i := range found {
			found[i].DueTime = until
			if _, err := tx.Exec(ctx, claimDeferred, until.UnixMilli(), sqlrow.HashKey(found[i].ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (s *Store) PutOff(ctx context.Context, d domain.Deferred) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		_, err := tx.Exec(ctx, putOff, int64(d.Tries), d.DueTime.UnixMilli(), sqlrow.HashKey(d.ID))
		return err
	})
}

func (s *Store) Settle(ctx context.Context, id string) error {
	conversion := ""
	err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		conversion, err = sqlrow.One(ctx, tx, scanID, settleDeferred, sqlrow.HashKey(id))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil || conversion == "" {
		return err
	}
	return s.awaited.remove(conversion, func() (bool, error) {
		left, err := s.EarlyChanges(ctx, conversion, 1)
		return len(left) > 0, err
	})
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{deferredToMove().In(s.db, s.run)}
}

func deferredToMove() sqlrow.MovedTable[domain.Deferred] {
	return sqlrow.MovedTable[domain.Deferred]{
		Name:  "deferred",
		Query: sqlrow.AfterKey("deferred", deferredColumns, deferredColumns.Only("id")),
		Args:  sqlrow.FirstKey(sqlrow.HashKey),
		Scan:  deferredColumns.Read,
		Key:   func(d *domain.Deferred) []string { return []string{d.ID} },
		Put:   sqlrow.ReplaceIn("deferred", insertedDeferred),
	}
}
