package sqlitestore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	selectDiscounts     = `SELECT discounts FROM counted`
	setDiscounts        = `UPDATE counted SET discounts = 1`
	selectDiscountTimes = `SELECT conversion_time FROM conversions WHERE discount_currency <> ''`
)

// addDiscounts adds the discounts of conversions that were counted by releases whose figures did not have them: it
// recounts the months of these conversions. If it fails halfway, the next start does it again. All that is stored must
// be counted or be counted by this release.
func (s *Store) addDiscounts(ctx context.Context) error {
	var done bool
	if err := s.db.Read().QueryRowContext(ctx, selectDiscounts).Scan(&done); err != nil || done {
		return sqlrow.ReadFailure("reading whether the figures have discounts", err)
	}
	months, err := s.discountMonths(ctx)
	if err != nil {
		return err
	}
	for month := range months {
		if _, err := s.Recount(ctx, month, true); err != nil {
			return err
		}
	}
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		_, err := tx.Exec(ctx, setDiscounts)
		return err
	})
}

// discountMonths returns the months that have conversions with a discount.
func (s *Store) discountMonths(ctx context.Context) (map[rollup.Month]bool, error) {
	rows, err := s.db.Reports().QueryContext(ctx, selectDiscountTimes)
	if err != nil {
		return nil, sqlrow.ReadFailure("looking for discounts", err)
	}
	months := map[rollup.Month]bool{}
	err = sqlrow.EachRow(rows, func(row table.Row) (bool, error) {
		at, err := sqlrow.Number(row)
		months[s.calendar.Day(time.UnixMilli(at)).Month()] = true
		return true, err
	})
	return months, sqlrow.ReadFailure("looking for discounts", err)
}
