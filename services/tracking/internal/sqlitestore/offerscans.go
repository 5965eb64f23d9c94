package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

var (
	scanColumns = table.Columns[redirect.OfferScan]{
		timeColumn("id", func(s *redirect.OfferScan) *string { return &s.ID }),
		table.Text("offer", func(s *redirect.OfferScan) *string { return &s.Offer }),
		table.Text("state", func(s *redirect.OfferScan) *redirect.OfferScanState { return &s.State }),
		table.Text("device", func(s *redirect.OfferScan) *redirect.Device { return &s.Device }),
		table.Text("language", func(s *redirect.OfferScan) *string { return &s.Language }),
		table.Number("link_count", func(s *redirect.OfferScan) *int { return &s.LinkCount }),
		table.Number("scanned_count", func(s *redirect.OfferScan) *int { return &s.ScannedCount }),
		table.Number("error_count", func(s *redirect.OfferScan) *int { return &s.ErrorCount }),
		table.Number("warning_count", func(s *redirect.OfferScan) *int { return &s.WarningCount }),
		table.Time("create_time", func(s *redirect.OfferScan) *time.Time { return &s.CreateTime }),
		table.OptionalTime("end_time", func(s *redirect.OfferScan) *time.Time { return &s.EndTime }),
	}
	// writtenScans have no holder and are free since their creation.
	writtenScans = table.Of(scanColumns, table.Columns[redirect.OfferScan]{
		table.Time("free_time", func(s *redirect.OfferScan) *time.Time { return &s.CreateTime }),
	})

	insertScan = `INSERT` + writtenScans.Into("offer_scans")
	selectScan = scanColumns.From("offer_scans") + ` WHERE id = ?`
	freeScan   = scanColumns.From("offer_scans") + ` WHERE state = 'RUNNING' AND free_time <= ? ORDER BY free_time, id LIMIT 1`
)

const (
	endScan    = `UPDATE offer_scans SET state = ?, end_time = ?, holder = '' WHERE id = ? AND state = 'RUNNING'`
	claimScan  = `UPDATE offer_scans SET holder = ?, free_time = ? WHERE id = ?`
	heldScan   = ` WHERE id = ? AND holder = ? AND state = 'RUNNING'`
	keepScan   = `UPDATE offer_scans SET free_time = ?, link_count = ?` + heldScan
	extendScan = `UPDATE offer_scans SET free_time = ?` + heldScan
	// voidHolds ends the holds of a process that died: only the process that has the file open can hold any.
	voidHolds = `UPDATE offer_scans SET holder = '', free_time = create_time WHERE state = 'RUNNING'`
)

func (s *Store) InsertOfferScan(ctx context.Context, scan redirect.OfferScan) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := write(ctx, tx, insertScan, writtenScans, &scan)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		return err
	}})
}

func (s *Store) OfferScan(ctx context.Context, id string) (redirect.OfferScan, error) {
	scan, err := scanColumns.Read(s.db.Read().QueryRowContext(ctx, selectScan, timeKey(id)))
	return scan, readFailure("reading a scan", err)
}

func (s *Store) OfferScans(ctx context.Context, q listing.Query) ([]redirect.OfferScan, error) {
	query, args := pageOf(scanColumns, "offer_scans", q, sqlquery.Encode(encodeScanKey))
	scans, err := report(ctx, s, scanColumns.Read, query, args...)
	return scans, readFailure("listing scans", err)
}

// encodeScanKey returns a value to compare a field with as the field is stored.
func encodeScanKey(field string, value any) any {
	if id, ok := value.(string); ok && (field == "id" || field == "scan") {
		return timeKey(id)
	}
	return value
}

func (s *Store) EndOfferScan(ctx context.Context, id string, state redirect.OfferScanState, now time.Time) (redirect.OfferScan, error) {
	var ended redirect.OfferScan
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		if _, err = tx.exec(ctx, endScan, string(state), now.UnixMilli(), timeKey(id)); err != nil {
			return err
		}
		ended, err = one(ctx, tx, scanColumns.Read, selectScan, timeKey(id))
		return readFailure("reading a scan", err)
	}})
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return ended, nil
}

// ClaimOfferScan implements linkscan.Store. It is called each second, so it looks before it writes.
func (s *Store) ClaimOfferScan(ctx context.Context, now time.Time, hold redirect.Hold) (redirect.OfferScan, error) {
	_, err := scanColumns.Read(s.db.Read().QueryRowContext(ctx, freeScan, now.UnixMilli()))
	if err != nil {
		return redirect.OfferScan{}, readFailure("looking for a scan", err)
	}
	var claimed redirect.OfferScan
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		claimed, err = one(ctx, tx, scanColumns.Read, freeScan, now.UnixMilli())
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

func (s *Store) KeepOfferScan(ctx context.Context, hold redirect.Hold, links int) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		return tx.held(ctx, keepScan, hold.Until.UnixMilli(), links, timeKey(hold.Scan), hold.Holder)
	}})
}

// held runs a statement on a held scan; domain.ErrNotFound if the hold was lost.
func (t *tx) held(ctx context.Context, statement string, args ...any) error {
	rows, err := t.exec(ctx, statement, args...)
	if err == nil && rows == 0 {
		return domain.ErrNotFound
	}
	return err
}
