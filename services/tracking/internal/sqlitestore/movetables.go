package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

func clicksToMove() movedTable[domain.Click] {
	return movedTable[domain.Click]{
		name:  "clicks",
		query: afterKey("clicks", clickColumns, clickColumns.Only("id")),
		args:  firstKey(timeKey),
		scan:  clickColumns.Read,
		key:   func(c *domain.Click) []string { return []string{c.ID} },
		put:   replaceIn("clicks", clickColumns),
	}
}

// firstKey returns the arguments for a key of one text, encoded by of.
func firstKey(of func(string) any) func([]string) []any {
	return func(key []string) []any {
		if len(key) == 0 {
			return []any{""}
		}
		return []any{of(key[0])}
	}
}

// conversionsToMove are moved in order of arrival, that of their rowids.
func conversionsToMove() movedTable[domain.Conversion] {
	return movedTable[domain.Conversion]{
		name: "conversions",
		query: wholeColumns.From("conversions") + ` WHERE rowid > ifnull((SELECT rowid FROM conversions WHERE id = ?), 0)
			ORDER BY rowid LIMIT ?`,
		args: firstKey(hashKey),
		scan: scanWhole,
		key:  func(c *domain.Conversion) []string { return []string{c.ID} },
		put: func(ctx context.Context, t *tx, c *domain.Conversion) error {
			row := &conversionRow{Conversion: c}
			// Writes the row twice instead of replacing it, so that its rowid stays.
			if _, err := write(ctx, t, insertConversion, insertedColumns, row); err != nil {
				return err
			}
			_, err := write(ctx, t, updateConversion, updatedColumns, row, hashKey(c.ID))
			return err
		},
	}
}

func postbacksToMove() movedTable[domain.Postback] {
	put := replaceIn("postbacks", table.Of(insertedPostbacks, replayColumns))
	return movedTable[domain.Postback]{
		name:  "postbacks",
		query: afterKey("postbacks", postbackColumns, postbackColumns.Only("id")),
		args:  firstKey(timeKey),
		scan:  scanPostback,
		key:   func(p *domain.Postback) []string { return []string{p.ID} },
		put: func(ctx context.Context, t *tx, p *domain.Postback) error {
			var made domain.Conversion // only what is needed
			reported, err := one(ctx, t, func(row scanner) (id timeID, err error) {
				err = row.Scan(&id)
				return id, err
			}, `SELECT postback FROM conversions WHERE id = ?`, hashKey(p.Conversion))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			made.Postback = string(reported)
			return put(ctx, t, &postbackRow{p, &made})
		},
	}
}

// deliveriesToMove are moved without the claims on them, whose holders are gone.
func deliveriesToMove() movedTable[domain.Delivery] {
	return movedTable[domain.Delivery]{
		name:  "deliveries",
		query: afterKey("deliveries", wholeDelivery, deliveryColumns.Only("conversion", "change", "publisher")),
		args: func(key []string) []any {
			if len(key) == 0 {
				return []any{"", 0, ""}
			}
			of, _ := parseDeliveryID(key[0])
			return of.args()
		},
		scan: scanWholeDelivery,
		key:  func(d *domain.Delivery) []string { return []string{d.ID} },
		put:  replaceIn("deliveries", insertedDeliveries),
	}
}

func usesToMove() movedTable[domain.CouponUses] {
	return movedTable[domain.CouponUses]{
		name:  "coupon_uses",
		query: afterKey("coupon_uses", useColumns, useColumns.Only("coupon", "day")),
		args:  func(key []string) []any { return texts(key, 2) },
		scan:  useColumns.Read,
		key:   func(u *domain.CouponUses) []string { return []string{u.Coupon, u.Day} },
		put:   replaceIn("coupon_uses", useColumns),
	}
}

func deferredToMove() movedTable[domain.Deferred] {
	return movedTable[domain.Deferred]{
		name:  "deferred",
		query: afterKey("deferred", deferredColumns, deferredColumns.Only("id")),
		args:  firstKey(hashKey),
		scan:  deferredColumns.Read,
		key:   func(d *domain.Deferred) []string { return []string{d.ID} },
		put:   replaceIn("deferred", insertedDeferred),
	}
}

func answersToMove() movedTable[domain.CouponAnswer] {
	return movedTable[domain.CouponAnswer]{
		name:  "answers",
		query: afterKey("answers", answerColumns, answerColumns.Only("kind", "key")),
		args:  func(key []string) []any { return texts(key, 2) },
		scan:  answerColumns.Read,
		key:   func(a *domain.CouponAnswer) []string { return []string{a.Kind, a.Key} },
		put:   replaceIn("answers", answerColumns),
	}
}

func reportsToMove() movedTable[rollup.SavedReport] {
	return movedTable[rollup.SavedReport]{
		name:  "saved_reports",
		query: afterKey("saved_reports", reportColumns, reportColumns.Only("id")),
		args:  func(key []string) []any { return texts(key, 1) },
		scan:  reportColumns.Read,
		key:   func(r *rollup.SavedReport) []string { return []string{r.ID} },
		put:   replaceIn("saved_reports", reportColumns),
	}
}

// scansToMove are moved without the holds on them, whose holders are gone.
func scansToMove() movedTable[redirect.OfferScan] {
	return movedTable[redirect.OfferScan]{
		name:  "offer_scans",
		query: afterKey("offer_scans", scanColumns, scanColumns.Only("id")),
		args:  firstKey(timeKey),
		scan:  scanColumns.Read,
		key:   func(s *redirect.OfferScan) []string { return []string{s.ID} },
		put:   replaceIn("offer_scans", writtenScans),
	}
}

func resultsToMove() movedTable[redirect.OfferScanResult] {
	return movedTable[redirect.OfferScanResult]{
		name:  "offer_scan_results",
		query: afterKey("offer_scan_results", resultColumns, resultColumns.Only("scan", "coupon")),
		args: func(key []string) []any {
			args := texts(key, 2)
			if len(key) > 0 {
				args[0] = timeKey(key[0])
			}
			return args
		},
		scan: resultColumns.Read,
		key:  func(r *redirect.OfferScanResult) []string { return []string{r.Scan, r.Coupon} },
		put:  replaceIn("offer_scan_results", writtenResults),
	}
}

func cellsToMove() movedTable[rollup.Cell] {
	return movedTable[rollup.Cell]{
		name:  "figures",
		query: afterKey("figures", cellColumns, cellKeyColumns),
		args: func(key []string) []any {
			var k rollup.CellKey // the zero key has no cube, so it is before all
			if len(key) == 1 {
				_ = json.Unmarshal([]byte(key[0]), &k) // an unreadable key moves everything again
			}
			return []any{k.Cube, k.Period, k.Offer, k.Publisher, k.CouponCode, string(k.Status), string(k.Method), k.Currency}
		},
		scan: cellColumns.Read,
		key: func(c *rollup.Cell) []string {
			text, _ := json.Marshal(c.Key) // never fails: texts and numbers
			return []string{string(text)}
		},
		put: replaceIn("figures", cellColumns),
	}
}
