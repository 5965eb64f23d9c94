package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

const (
	scanColumns = `id, offer, state, device, language, link_count, scanned_count, error_count, warning_count, create_time, end_time`
	insertScan  = `INSERT INTO offer_scans (id, offer, state, device, language, link_count, create_time, free_time) VALUES (?, ?, 'RUNNING', ?, ?, ?, ?, ?)`
	selectScan  = `SELECT ` + scanColumns + ` FROM offer_scans WHERE id = ?`
	endScan     = `UPDATE offer_scans SET state = ?, end_time = ?, holder = '' WHERE id = ? AND state = 'RUNNING'`
	freeScan    = `SELECT ` + scanColumns + ` FROM offer_scans WHERE state = 'RUNNING' AND free_time <= ? ORDER BY free_time, id LIMIT 1`
	claimScan   = `UPDATE offer_scans SET holder = ?, free_time = ? WHERE id = ?`
	heldScan    = ` WHERE id = ? AND holder = ? AND state = 'RUNNING'`
	keepScan    = `UPDATE offer_scans SET free_time = ?, link_count = ?` + heldScan
	extendScan  = `UPDATE offer_scans SET free_time = ?` + heldScan
	// voidHolds ends the holds of a process that died: none but the one that opens the file has any.
	voidHolds = `UPDATE offer_scans SET holder = '', free_time = create_time WHERE state = 'RUNNING'`
)

// scanOfferScan reads a row of scanColumns.
func scanOfferScan(row scanner) (redirect.OfferScan, error) {
	var s redirect.OfferScan
	var create int64
	var end sql.NullInt64
	err := row.Scan((*timeID)(&s.ID), &s.Offer, &s.State, &s.Device, &s.Language, &s.LinkCount, &s.ScannedCount, &s.ErrorCount, &s.WarningCount, &create, &end)
	if err != nil {
		return redirect.OfferScan{}, err
	}
	s.CreateTime = fromMillis(create)
	if end.Valid {
		s.EndTime = fromMillis(end.Int64)
	}
	return s, nil
}

// InsertOfferScan implements app.OfferScanStore.
func (s *Store) InsertOfferScan(ctx context.Context, scan redirect.OfferScan) error {
	created := scan.CreateTime.UnixMilli()
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, insertScan, timeKey(scan.ID), scan.Offer, string(scan.Device), scan.Language, scan.LinkCount, created, created)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		return err
	}})
}

// OfferScan implements app.OfferScanStore.
func (s *Store) OfferScan(ctx context.Context, id string) (redirect.OfferScan, error) {
	scan, err := scanOfferScan(s.db.Read().QueryRowContext(ctx, selectScan, timeKey(id)))
	return scan, readFailure("reading a scan", err)
}

// OfferScans implements app.OfferScanStore.
func (s *Store) OfferScans(ctx context.Context, q listing.Query) ([]redirect.OfferScan, error) {
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encodeScanKey))
	query := "SELECT " + scanColumns + " FROM offer_scans WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	scans, err := report(ctx, s, scanOfferScan, query, append(args, q.Limit)...)
	return scans, readFailure("listing scans", err)
}

// encodeScanKey returns a value to compare a field with as the field is stored.
func encodeScanKey(field string, value any) any {
	if id, ok := value.(string); ok && (field == "id" || field == "scan") {
		return timeKey(id)
	}
	return value
}

// EndOfferScan implements app.OfferScanStore.
func (s *Store) EndOfferScan(ctx context.Context, id string, state redirect.OfferScanState, now time.Time) (redirect.OfferScan, error) {
	var ended redirect.OfferScan
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		if _, err = tx.exec(ctx, endScan, string(state), now.UnixMilli(), timeKey(id)); err != nil {
			return err
		}
		ended, err = one(ctx, tx, scanOfferScan, selectScan, timeKey(id))
		return readFailure("reading a scan", err)
	}})
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return ended, nil
}

// ClaimOfferScan implements app.OfferScanStore. It is asked each second, so that it looks before it
// writes.
func (s *Store) ClaimOfferScan(ctx context.Context, now time.Time, hold redirect.Hold) (redirect.OfferScan, error) {
	_, err := scanOfferScan(s.db.Read().QueryRowContext(ctx, freeScan, now.UnixMilli()))
	if err != nil {
		return redirect.OfferScan{}, readFailure("looking for a scan", err)
	}
	var claimed redirect.OfferScan
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		claimed, err = one(ctx, tx, scanOfferScan, freeScan, now.UnixMilli())
		if errors.Is(err, sql.ErrNoRows) {
			return domain.ErrNotFound
		}
		if err == nil {
			_, err = tx.exec(ctx, claimScan, hold.Holder, hold.Until.UnixMilli(), timeKey(claimed.ID))
		}
		return err
	}})
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return claimed, nil
}

// KeepOfferScan implements app.OfferScanStore.
func (s *Store) KeepOfferScan(ctx context.Context, hold redirect.Hold, links int) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		return tx.held(ctx, keepScan, hold.Until.UnixMilli(), links, timeKey(hold.Scan), hold.Holder)
	}})
}

// held runs a statement on a scan that someone holds; ErrNotFound where that is no more so.
func (t *tx) held(ctx context.Context, statement string, args ...any) error {
	rows, err := t.exec(ctx, statement, args...)
	if err == nil && rows == 0 {
		return domain.ErrNotFound
	}
	return err
}
