package offerscans

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	resultColumns = table.Columns[redirect.OfferScanResult]{
		sqlrow.TimeColumn("scan", func(r *redirect.OfferScanResult) *string { return &r.Scan }),
		table.Text("coupon", func(r *redirect.OfferScanResult) *string { return &r.Coupon }),
		table.Text("tracking_link", func(r *redirect.OfferScanResult) *string { return &r.TrackingLink }),
		table.JSON("problems",
			func(r *redirect.OfferScanResult) *[]record.Problem {
				return sqlrow.Listed(record.EncodeProblems(r.Problems))
			},
			func(r *redirect.OfferScanResult, problems *[]record.Problem) {
				r.Problems = record.DecodeProblems(*problems)
			}),
		table.Text("final_url", func(r *redirect.OfferScanResult) *string { return &r.FinalURL }),
		table.Number("hop_count", func(r *redirect.OfferScanResult) *int { return &r.HopCount }),
		table.Time("scan_time", func(r *redirect.OfferScanResult) *time.Time { return &r.ScanTime }),
	}
	writtenResults = table.Of(resultColumns, table.Columns[redirect.OfferScanResult]{
		table.Derived("severity", func(r *redirect.OfferScanResult) string { return string(r.Worst()) }),
		{Name: "ok", Bind: func(r *redirect.OfferScanResult) (driver.Value, error) { return r.OK(), nil }},
	})

	// putResult replaces any earlier result of the same link.
	putResult = `REPLACE` + writtenResults.Into("offer_scan_results")
)

const (
	dropResult = `DELETE FROM offer_scan_results WHERE scan = ? AND coupon = ? RETURNING severity`
	// countResult adds to the counts of a scan.
	countResult    = `UPDATE offer_scans SET scanned_count = scanned_count + ?, error_count = error_count + ?, warning_count = warning_count + ? WHERE id = ?`
	scannedCoupons = `SELECT coupon FROM offer_scan_results WHERE scan = ? ORDER BY coupon`
)

func (s *Store) AddOfferScanResult(ctx context.Context, hold redirect.Hold, result redirect.OfferScanResult) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		key := sqlrow.TimeKey(hold.Scan)
		if err := held(ctx, tx, extendScan, hold.Until.UnixMilli(), key, hold.Holder); err != nil {
			return err
		}
		before, err := sqlrow.All(ctx, tx, severity, dropResult, key, result.Coupon)
		if err != nil {
			return err
		}
		result.Scan = hold.Scan
		if _, err := sqlrow.Write(ctx, tx, putResult, writtenResults, &result); err != nil {
			return err
		}
		counts := countsOf(result.Worst())
		for _, worst := range before {
			counts = counts.less(countsOf(worst))
		}
		_, err = tx.Exec(ctx, countResult, counts.scanned, counts.errors, counts.warnings, key)
		return err
	})
}

func severity(row table.Row) (worst redirect.Severity, err error) {
	err = row.Scan(&worst)
	return worst, err
}

// resultCounts are what a result adds to the counts of its scan.
type resultCounts struct{ scanned, errors, warnings int }

// countsOf returns the counts of one result by its worst problem.
func countsOf(worst redirect.Severity) resultCounts {
	switch worst {
	case redirect.Grave:
		return resultCounts{scanned: 1, errors: 1}
	case redirect.Doubtful:
		return resultCounts{scanned: 1, warnings: 1}
	default:
		return resultCounts{scanned: 1}
	}
}

func (c resultCounts) less(d resultCounts) resultCounts {
	return resultCounts{c.scanned - d.scanned, c.errors - d.errors, c.warnings - d.warnings}
}

func (s *Store) ScannedCoupons(ctx context.Context, scan string) ([]string, error) {
	coupons, err := sqlrow.List(ctx, s.db, func(row table.Row) (coupon string, err error) {
		err = row.Scan(&coupon)
		return coupon, err
	}, scannedCoupons, sqlrow.TimeKey(scan))
	return coupons, sqlrow.ReadFailure("listing what was scanned", err)
}

func (s *Store) OfferScanResults(ctx context.Context, q listing.Query) ([]redirect.OfferScanResult, error) {
	query, args := sqlrow.PageOf(resultColumns, "offer_scan_results", q, sqlquery.Encode(encodeScanKey))
	results, err := sqlrow.Report(ctx, s.db, resultColumns.Read, query, args...)
	return results, sqlrow.ReadFailure("listing the results of a scan", err)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{scansToMove().In(s.db, s.run), resultsToMove().In(s.db, s.run)}
}

// scansToMove are moved without their holds, because the processes that had them have ended.
func scansToMove() sqlrow.MovedTable[redirect.OfferScan] {
	return sqlrow.MovedTable[redirect.OfferScan]{
		Name:  "offer_scans",
		Query: sqlrow.AfterKey("offer_scans", scanColumns, scanColumns.Only("id")),
		Args:  sqlrow.FirstKey(sqlrow.TimeKey),
		Scan:  scanColumns.Read,
		Key:   func(s *redirect.OfferScan) []string { return []string{s.ID} },
		Put:   sqlrow.ReplaceIn("offer_scans", writtenScans),
	}
}

func resultsToMove() sqlrow.MovedTable[redirect.OfferScanResult] {
	return sqlrow.MovedTable[redirect.OfferScanResult]{
		Name:  "offer_scan_results",
		Query: sqlrow.AfterKey("offer_scan_results", resultColumns, resultColumns.Only("scan", "coupon")),
		Args: func(key []string) []any {
			args := sqlrow.Texts(key, 2)
			if len(key) > 0 {
				args[0] = sqlrow.TimeKey(key[0])
			}
			return args
		},
		Scan: resultColumns.Read,
		Key:  func(r *redirect.OfferScanResult) []string { return []string{r.Scan, r.Coupon} },
		Put:  sqlrow.ReplaceIn("offer_scan_results", writtenResults),
	}
}
