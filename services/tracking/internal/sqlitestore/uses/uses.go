// Package uses counts, in the tracking service's SQLite file, the uses of coupons with limits, and keeps the
// reservations of uses.
//
// Only the SQLite store imports it.
package uses

import (
	"context"
	"database/sql"
	"errors"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// selectUses also selects whether any reservation may hold a use, so that sales without one need no query more.
	selectUses = `SELECT uses, EXISTS (SELECT 1 FROM reservations WHERE coupon = ?1 AND state = 'HELD' AND expire_time > ?4)
		FROM coupon_uses WHERE coupon = ?1 AND day = ?2 AND etag = ?3`
	addUse    = `UPDATE coupon_uses SET uses = uses + 1 WHERE coupon = ? AND day = ?`
	returnUse = `UPDATE coupon_uses SET uses = uses - 1 WHERE coupon = ? AND day IN ('', ?) AND uses > 0`
	// A conversion credited to a coupon has the coupon's code as its Pub. Unique 3, which has an index.
	countUses = `SELECT count(*) FROM conversions
		WHERE pub_unique3_key = ? AND coupon = ? AND outcome = 'ATTRIBUTED' AND status <> 'REJECTED'`
	countDaysUses = countUses + ` AND conversion_time >= ? AND conversion_time < ?`
)

var (
	useColumns = table.Columns[domain.CouponUses]{
		table.Text("coupon", func(u *domain.CouponUses) *string { return &u.Coupon }),
		table.Text("day", func(u *domain.CouponUses) *string { return &u.Day }),
		table.Text("etag", func(u *domain.CouponUses) *string { return &u.ETag }),
		table.Number("uses", func(u *domain.CouponUses) *int64 { return &u.Uses }),
	}

	setUses = `INSERT` + useColumns.Into("coupon_uses") + ` ON CONFLICT (coupon, day) DO UPDATE SET ` + useColumns.Only("etag", "uses").Replaced()
)

// counter counts a coupon's uses on a day, or all of them if day is empty.
type counter struct {
	day   string
	limit int64
	count string
	args  []any
}

// counters returns the counters that a use's limits need. Changing a limit makes a new revision of the coupon,
// and its uses are then recounted.
func counters(u *domain.Use) []counter {
	var needed []counter
	args := []any{couponcode.Fold(u.Code), u.Coupon}
	if u.Limits.Total > 0 {
		needed = append(needed, counter{"", u.Limits.Total, countUses, args})
	}
	if u.Limits.Daily > 0 {
		needed = append(needed, counter{u.Day(), u.Limits.Daily, countDaysUses, append(args[:2:2], u.From.UnixMilli(), u.To.UnixMilli())})
	}
	return needed
}

// Store counts uses.
type Store struct {
	db  *sqlitedb.DB
	run sqlrow.Tasks
}

// New returns a Store on a file.
func New(db *sqlitedb.DB, run sqlrow.Tasks) *Store { return &Store{db: db, run: run} }

func (s *Store) UsesLeft(ctx context.Context, u domain.Use) (bool, error) {
	for _, c := range counters(&u) {
		used, _, err := counted(s.db.Read().QueryRowContext(ctx, selectUses, u.Coupon, c.day, u.ETag, u.Now.UnixMilli()))
		if errors.Is(err, sql.ErrNoRows) { // not counted yet, or for another revision of the coupon
			used, err = sqlrow.Number(s.db.Read().QueryRowContext(ctx, c.count, c.args...))
		}
		if err != nil {
			return false, sqlrow.ReadFailure("counting a coupon's uses", err)
		}
		query, args := c.held(&u)
		held, err := sqlrow.Number(s.db.Read().QueryRowContext(ctx, query, args...))
		if err != nil {
			return false, sqlrow.ReadFailure("counting a coupon's reservations", err)
		}
		if used+held >= c.limit {
			return false, nil
		}
	}
	return true, nil
}

// Take takes a use of a coupon for a conversion that is not stored yet, and its reservations; domain.ErrLimitReached if
// no use is left.
func Take(ctx context.Context, t *sqlrow.Tx, u *domain.Use) error {
	reserved, err := check(ctx, t, u)
	if err != nil {
		return err
	}
	for _, c := range counters(u) {
		if _, err := t.Exec(ctx, addUse, u.Coupon, c.day); err != nil {
			return err
		}
	}
	if !reserved && u.Reservation == "" {
		return nil
	}
	return taken(ctx, t, u)
}

// check returns domain.ErrLimitReached if no use is left. reserved says that reservations may hold uses.
func check(ctx context.Context, t *sqlrow.Tx, u *domain.Use) (reserved bool, err error) {
	for _, c := range counters(u) {
		var used int64
		if used, reserved, err = stored(ctx, t, u, c); err != nil {
			return false, err
		}
		if reserved {
			query, args := c.held(u)
			held, err := sqlrow.One(ctx, t, sqlrow.Number, query, args...)
			if err != nil {
				return false, err
			}
			used += held
		}
		if used >= c.limit {
			return reserved, domain.ErrLimitReached
		}
	}
	return reserved, nil
}

// stored returns a counter's uses, recounted if the coupon has a new revision. reserved says that reservations may hold
// more.
func stored(ctx context.Context, t *sqlrow.Tx, u *domain.Use, c counter) (used int64, reserved bool, err error) {
	used, err = sqlrow.One(ctx, t, func(row table.Row) (n int64, err error) {
		n, reserved, err = counted(row)
		return n, err
	}, selectUses, u.Coupon, c.day, u.ETag, u.Now.UnixMilli())
	if !errors.Is(err, sql.ErrNoRows) {
		return used, reserved, err
	}
	if used, err = sqlrow.One(ctx, t, sqlrow.Number, c.count, c.args...); err != nil {
		return 0, false, err
	}
	_, err = sqlrow.Write(ctx, t, setUses, useColumns, &domain.CouponUses{Coupon: u.Coupon, Day: c.day, ETag: u.ETag, Uses: used})
	return used, true, err
}

// counted reads a row of selectUses.
func counted(row table.Row) (used int64, reserved bool, err error) {
	err = row.Scan(&used, &reserved)
	return used, reserved, err
}

// GiveBack gives back a use in each counter that is stored.
func GiveBack(ctx context.Context, t *sqlrow.Tx, u *domain.Use) error {
	_, err := t.Exec(ctx, returnUse, u.Coupon, u.Day())
	return err
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{usesToMove().In(s.db, s.run), reservationsToMove().In(s.db, s.run)}
}

func usesToMove() sqlrow.MovedTable[domain.CouponUses] {
	return sqlrow.MovedTable[domain.CouponUses]{
		Name:  "coupon_uses",
		Query: sqlrow.AfterKey("coupon_uses", useColumns, useColumns.Only("coupon", "day")),
		Args:  func(key []string) []any { return sqlrow.Texts(key, 2) },
		Scan:  useColumns.Read,
		Key:   func(u *domain.CouponUses) []string { return []string{u.Coupon, u.Day} },
		Put:   sqlrow.ReplaceIn("coupon_uses", useColumns),
	}
}
