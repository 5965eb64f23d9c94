package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

func clicksToMove() movedTable[domain.Click] {
	return movedTable[domain.Click]{
		name:  "clicks",
		query: `SELECT ` + clickColumns + ` FROM clicks WHERE id > ? ORDER BY id LIMIT ?`,
		args:  firstKey(timeKey),
		scan:  scanClick,
		key:   func(c *domain.Click) []string { return []string{c.ID} },
		put: func(ctx context.Context, t *tx, c *domain.Click) error {
			if _, err := t.exec(ctx, `DELETE FROM clicks WHERE id = ?`, timeKey(c.ID)); err != nil {
				return err
			}
			return t.execBound(ctx, insertClick, func(a *arguments) { bindClick(a, c) })
		},
	}
}

// firstKey returns the arguments of a key of one text, which is stored as of says.
func firstKey(of func(string) any) func([]string) []any {
	return func(key []string) []any {
		if len(key) == 0 {
			return []any{""}
		}
		return []any{of(key[0])}
	}
}

// conversionsToMove are moved in the order in which they came, which their rowids keep.
func conversionsToMove() movedTable[domain.Conversion] {
	return movedTable[domain.Conversion]{
		name: "conversions",
		query: `SELECT ` + wholeColumns + ` FROM conversions WHERE rowid > ifnull((SELECT rowid FROM conversions WHERE id = ?), 0)
			ORDER BY rowid LIMIT ?`,
		args: firstKey(hashKey),
		scan: scanWhole,
		key:  func(c *domain.Conversion) []string { return []string{c.ID} },
		put: func(ctx context.Context, t *tx, c *domain.Conversion) error {
			decision, err := encodeBasis(c.Basis)
			if err != nil {
				return err
			}
			// The row is not replaced but written twice: its rowid stays.
			if err := t.execBound(ctx, insertConversion, func(a *arguments) { bindConversion(a, c, decision) }); err != nil {
				return err
			}
			t.arguments.clear()
			if err := bindChanged(&t.arguments, c); err != nil {
				return err
			}
			t.arguments.add(hashKey(c.ID))
			_, err = t.exec(ctx, updateConversion, t.arguments.plain()...)
			return err
		},
	}
}

func postbacksToMove() movedTable[domain.Postback] {
	return movedTable[domain.Postback]{
		name:  "postbacks",
		query: `SELECT ` + postbackColumns + `, replay FROM postbacks WHERE id > ? ORDER BY id LIMIT ?`,
		args:  firstKey(timeKey),
		scan:  scanPostback,
		key:   func(p *domain.Postback) []string { return []string{p.ID} },
		put:   putPostback,
	}
}

func putPostback(ctx context.Context, t *tx, p *domain.Postback) error {
	var made domain.Conversion // as far as it matters
	reported, err := one(ctx, t, func(row scanner) (id timeID, err error) {
		err = row.Scan(&id)
		return id, err
	}, `SELECT postback FROM conversions WHERE id = ?`, hashKey(p.Conversion))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	made.Postback = string(reported)
	if _, err := t.exec(ctx, `DELETE FROM postbacks WHERE id = ?`, timeKey(p.ID)); err != nil {
		return err
	}
	if err := t.execBound(ctx, insertPostback, func(a *arguments) { bindPostback(a, p, &made) }); err != nil || p.Replay == nil {
		return err
	}
	replay, err := encodeJSON(record.EncodeReplay(p.Replay))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, setReplay, replay, timeKey(p.ID))
	return err
}

// deliveriesToMove are moved without the claims on them, whose holders are gone.
func deliveriesToMove() movedTable[domain.Delivery] {
	return movedTable[domain.Delivery]{
		name: "deliveries",
		query: `SELECT ` + wholeDelivery + ` FROM deliveries WHERE (conversion, change, publisher) > (?, ?, ?)
			ORDER BY conversion, change, publisher LIMIT ?`,
		args: func(key []string) []any {
			if len(key) == 0 {
				return []any{"", 0, ""}
			}
			of, _ := parseDeliveryID(key[0])
			return of.args()
		},
		scan: scanWholeDelivery,
		key:  func(d *domain.Delivery) []string { return []string{d.ID} },
		put: func(ctx context.Context, t *tx, d *domain.Delivery) error {
			key := keyOf(d)
			if _, err := t.exec(ctx, `DELETE FROM deliveries WHERE `+byDeliveryKey, key.args()...); err != nil {
				return err
			}
			attempts, err := encodeList(record.EncodeAttempts(d.Attempts))
			if err != nil {
				return err
			}
			if err := t.execBound(ctx, insertDelivery, func(a *arguments) { bindDelivery(a, d) }); err != nil {
				return err
			}
			_, err = t.exec(ctx, `UPDATE deliveries SET attempts = ? WHERE `+byDeliveryKey, key.args(attempts)...)
			return err
		},
	}
}

func usesToMove() movedTable[domain.CouponUses] {
	return movedTable[domain.CouponUses]{
		name:  "coupon_uses",
		query: `SELECT coupon, day, etag, uses FROM coupon_uses WHERE (coupon, day) > (?, ?) ORDER BY coupon, day LIMIT ?`,
		args:  func(key []string) []any { return texts(key, 2) },
		scan: func(row scanner) (u domain.CouponUses, err error) {
			err = row.Scan(&u.Coupon, &u.Day, &u.ETag, &u.Uses)
			return u, err
		},
		key: func(u *domain.CouponUses) []string { return []string{u.Coupon, u.Day} },
		put: func(ctx context.Context, t *tx, u *domain.CouponUses) error {
			_, err := t.exec(ctx, setUses, u.Coupon, u.Day, u.ETag, u.Uses)
			return err
		},
	}
}

func deferredToMove() movedTable[domain.Deferred] {
	return movedTable[domain.Deferred]{
		name:  "deferred",
		query: `SELECT ` + deferredColumns + ` FROM deferred WHERE id > ? ORDER BY id LIMIT ?`,
		args:  firstKey(hashKey),
		scan:  scanDeferred,
		key:   func(d *domain.Deferred) []string { return []string{d.ID} },
		put: func(ctx context.Context, t *tx, d *domain.Deferred) error {
			if _, err := t.exec(ctx, `DELETE FROM deferred WHERE id = ?`, hashKey(d.ID)); err != nil {
				return err
			}
			_, err := t.deferReport(ctx, *d)
			return err
		},
	}
}

func answersToMove() movedTable[domain.CouponAnswer] {
	return movedTable[domain.CouponAnswer]{
		name:  "answers",
		query: `SELECT kind, key, body, ask_time FROM answers WHERE (kind, key) > (?, ?) ORDER BY kind, key LIMIT ?`,
		args:  func(key []string) []any { return texts(key, 2) },
		scan:  scanAnswer,
		key:   func(a *domain.CouponAnswer) []string { return []string{a.Kind, a.Key} },
		put: func(ctx context.Context, t *tx, a *domain.CouponAnswer) error {
			_, err := t.exec(ctx, `REPLACE INTO answers (kind, key, body, ask_time) VALUES (?, ?, ?, ?)`, a.Kind, a.Key, a.Body, a.Time.UnixMilli())
			return err
		},
	}
}

func reportsToMove() movedTable[rollup.SavedReport] {
	return movedTable[rollup.SavedReport]{
		name:  "saved_reports",
		query: `SELECT ` + reportColumns + ` FROM saved_reports WHERE id > ? ORDER BY id LIMIT ?`,
		args:  func(key []string) []any { return texts(key, 1) },
		scan:  scanReport,
		key:   func(r *rollup.SavedReport) []string { return []string{r.ID} },
		put: func(ctx context.Context, t *tx, r *rollup.SavedReport) error {
			values, err := reportValues(*r)
			if err != nil {
				return err
			}
			_, err = t.exec(ctx, replaceReport, values...)
			return err
		},
	}
}

// scansToMove are moved without the holds on them, whose holders are gone.
func scansToMove() movedTable[redirect.OfferScan] {
	return movedTable[redirect.OfferScan]{
		name:  "offer_scans",
		query: `SELECT ` + scanColumns + ` FROM offer_scans WHERE id > ? ORDER BY id LIMIT ?`,
		args:  firstKey(timeKey),
		scan:  scanOfferScan,
		key:   func(s *redirect.OfferScan) []string { return []string{s.ID} },
		put: func(ctx context.Context, t *tx, s *redirect.OfferScan) error {
			var ended any
			if !s.EndTime.IsZero() {
				ended = s.EndTime.UnixMilli()
			}
			created := s.CreateTime.UnixMilli()
			_, err := t.exec(ctx, `REPLACE INTO offer_scans (`+scanColumns+`, free_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				timeKey(s.ID), s.Offer, string(s.State), string(s.Device), s.Language, s.LinkCount, s.ScannedCount, s.ErrorCount, s.WarningCount,
				created, ended, created)
			return err
		},
	}
}

func resultsToMove() movedTable[redirect.OfferScanResult] {
	return movedTable[redirect.OfferScanResult]{
		name:  "offer_scan_results",
		query: `SELECT ` + resultColumns + ` FROM offer_scan_results WHERE (scan, coupon) > (?, ?) ORDER BY scan, coupon LIMIT ?`,
		args: func(key []string) []any {
			args := texts(key, 2)
			if len(key) > 0 {
				args[0] = timeKey(key[0])
			}
			return args
		},
		scan: scanResult,
		key:  func(r *redirect.OfferScanResult) []string { return []string{r.Scan, r.Coupon} },
		put:  func(ctx context.Context, t *tx, r *redirect.OfferScanResult) error { return t.putResult(ctx, r) },
	}
}

func cellsToMove() movedTable[rollup.Cell] {
	const key = `(cube, period, offer, publisher, coupon_code, status, method, currency)`
	return movedTable[rollup.Cell]{
		name:  "figures",
		query: selectCells + ` WHERE ` + key + ` > (?, ?, ?, ?, ?, ?, ?, ?) ORDER BY cube, period, offer, publisher, coupon_code, status, method, currency LIMIT ?`,
		args: func(key []string) []any {
			var k rollup.CellKey // the zero key has no cube, so it is before all
			if len(key) == 1 {
				_ = json.Unmarshal([]byte(key[0]), &k) // if it is none of ours, all is moved again
			}
			return []any{k.Cube, k.Period, k.Offer, k.Publisher, k.CouponCode, string(k.Status), string(k.Method), k.Currency}
		},
		scan: scanCell,
		key: func(c *rollup.Cell) []string {
			text, _ := json.Marshal(c.Key) // texts and numbers
			return []string{string(text)}
		},
		put: func(ctx context.Context, t *tx, c *rollup.Cell) error {
			return t.execBound(ctx, `REPLACE INTO figures (`+cellColumns+`) VALUES `+cellValues, func(a *arguments) { bindCell(a, c) })
		},
	}
}
