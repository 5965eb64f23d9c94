package sqlitestore

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

const (
	resultColumns = `scan, coupon, tracking_link, problems, final_url, hop_count, scan_time`
	putResult     = `REPLACE INTO offer_scan_results (` + resultColumns + `, ok, severity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	dropResult    = `DELETE FROM offer_scan_results WHERE scan = ? AND coupon = ? RETURNING severity`
	// countResult adds to the counts of a scan.
	countResult    = `UPDATE offer_scans SET scanned_count = scanned_count + ?, error_count = error_count + ?, warning_count = warning_count + ? WHERE id = ?`
	scannedCoupons = `SELECT coupon FROM offer_scan_results WHERE scan = ? ORDER BY coupon`
)

// scanResult reads a row of resultColumns.
func scanResult(row scanner) (redirect.OfferScanResult, error) {
	var r redirect.OfferScanResult
	var problems string
	var scanned int64
	if err := row.Scan((*timeID)(&r.Scan), &r.Coupon, &r.TrackingLink, &problems, &r.FinalURL, &r.HopCount, &scanned); err != nil {
		return redirect.OfferScanResult{}, err
	}
	r.ScanTime = fromMillis(scanned)
	var stored []record.Problem
	err := decodeJSON(problems, &stored)
	r.Problems = record.DecodeProblems(stored)
	return r, err
}

// AddOfferScanResult implements app.OfferScanStore.
func (s *Store) AddOfferScanResult(ctx context.Context, hold redirect.Hold, result redirect.OfferScanResult) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		key := timeKey(hold.Scan)
		if err := tx.held(ctx, extendScan, hold.Until.UnixMilli(), key, hold.Holder); err != nil {
			return err
		}
		before, err := all(ctx, tx, severity, dropResult, key, result.Coupon)
		if err != nil {
			return err
		}
		result.Scan = hold.Scan
		if err := tx.putResult(ctx, &result); err != nil {
			return err
		}
		counts := countsOf(result.Worst())
		for _, worst := range before {
			counts = counts.less(countsOf(worst))
		}
		_, err = tx.exec(ctx, countResult, counts.scanned, counts.errors, counts.warnings, key)
		return err
	}})
}

// putResult writes a result in the place of the one about the same link, if there is one.
func (t *tx) putResult(ctx context.Context, r *redirect.OfferScanResult) error {
	problems, err := encodeList(record.EncodeProblems(r.Problems))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, putResult, timeKey(r.Scan), r.Coupon, r.TrackingLink, problems, r.FinalURL, r.HopCount, r.ScanTime.UnixMilli(),
		r.OK(), string(r.Worst()))
	return err
}

func severity(row scanner) (worst redirect.Severity, err error) {
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

// ScannedCoupons implements app.OfferScanStore.
func (s *Store) ScannedCoupons(ctx context.Context, scan string) ([]string, error) {
	coupons, err := list(ctx, s, func(row scanner) (coupon string, err error) {
		err = row.Scan(&coupon)
		return coupon, err
	}, scannedCoupons, timeKey(scan))
	return coupons, readFailure("listing what was scanned", err)
}

// OfferScanResults implements app.OfferScanStore.
func (s *Store) OfferScanResults(ctx context.Context, q listing.Query) ([]redirect.OfferScanResult, error) {
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encodeScanKey))
	query := "SELECT " + resultColumns + " FROM offer_scan_results WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	results, err := report(ctx, s, scanResult, query, append(args, q.Limit)...)
	return results, readFailure("listing the results of a scan", err)
}
