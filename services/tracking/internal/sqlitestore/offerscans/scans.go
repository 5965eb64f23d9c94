// Package offerscans stores scans of offers, and their results, in the tracking service's SQLite file.
//
// Only the SQLite store imports it.
package offerscans

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
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	scanColumns = table.Columns[redirect.OfferScan]{
		sqlrow.TimeColumn("id", func(s *redirect.OfferScan) *string { return &s.ID }),
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
	// AtStart ends the holds of a process that died: only the process that has the file open can hold any.
	AtStart = `UPDATE offer_scans SET holder = '', free_time = create_time WHERE state = 'RUNNING'`
)

// Store stores scans of offers.
type Store struct {
	db  *sqlitedb.DB
	run sqlrow.Tasks
}

// New returns a Store on a file.
func New(db *sqlitedb.DB, run sqlrow.Tasks) *Store { return &Store{db: db, run: run} }

func (s *Store) InsertOfferScan(ctx context.Context, scan redirect.OfferScan) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		_, err := sqlrow.Write(ctx, tx, insertScan, writtenScans, &scan)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		return err
	})
}

func (s *Store) OfferScan(ctx context.Context, id string) (redirect.OfferScan, error) {
	scan, err := scanColumns.Read(s.db.Read().QueryRowContext(ctx, selectScan, sqlrow.TimeKey(id)))
	return scan, sqlrow.ReadFailure("reading a scan", err)
}

func (s *Store) OfferScans(ctx context.Context, q listing.Query) ([]redirect.OfferScan, error) {
	query, args := sqlrow.PageOf(scanColumns, "offer_scans", q, sqlquery.Encode(encodeScanKey))
	scans, err := sqlrow.Report(ctx, s.db, scanColumns.Read, query, args...)
	return scans, sqlrow.ReadFailure("listing scans", err)
}

// encodeScanKey returns a value to compare a field with as the field is stored.
func encodeScanKey(field string, value any) any {
	if id, ok := value.(string); ok && (field == "id" || field == "scan") {
		return sqlrow.TimeKey(id)
	}
	return value
}

func (s *Store) EndOfferScan(ctx context.Context, id string, state redirect.OfferScanState, now time.Time) (redirect.OfferScan, error) {
	var ended redirect.OfferScan
	err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		if _, err = tx.Exec(ctx, endScan, string(state), now.UnixMilli(), sqlrow.TimeKey(id)); err != nil {
			return err
		}
		ended, err = sqlrow.One(ctx, tx, scanColumns.Read, selectScan, sqlrow.TimeKey(id))
		return sqlrow.ReadFailure("reading a scan", err)
	})
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return ended, nil
}

// ClaimOfferScan implements linkscan.Store. It is called each second, so it looks before it writes.
func (s *Store) ClaimOfferScan(ctx context.Context, now time.Time, hold redirect.Hold) (redirect.OfferScan, error) {
	_, err := scanColumns.Read(s.db.Read().QueryRowContext(ctx, freeScan, now.UnixMilli()))
	if err != nil {
		return redirect.OfferScan{}, sqlrow.ReadFailure("looking for a scan", err)
	}
	var claimed redirect.OfferScan
	err = s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		claimed, err = sqlrow.One(ctx, tx, scanColumns.Read, freeScan, now.UnixMilli())
		if errors.Is(err, sql.ErrNoRows) {
			return domain.ErrNotFound
		}
		if err == nil {
			_, err = tx.Exec(ctx, claimScan, hold.Holder, hold.Until.UnixMilli(), sqlrow.TimeKey(claimed.ID))
		}
		return err
	})
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return claimed, nil
}

func (s *Store) KeepOfferScan(ctx context.Context, hold redirect.Hold, links int) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		return held(ctx, tx, keepScan, hold.Until.UnixMilli(), links, sqlrow.TimeKey(hold.Scan), hold.Holder)
	})
}

// held runs a statement on a held scan; domain.ErrNotFound if the hold was lost.
func held(ctx context.Context, t *sqlrow.Tx, statement string, args ...any) error {
	rows, err := t.Exec(ctx, statement, args...)
	if err == nil && rows == 0 {
		return domain.ErrNotFound
	}
	return err
}
