package sqlitestore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// holdColumns are the columns of a coupon that say when it holds its code, as far as domain.HoldOf needs them.
// The code is read folded.
var holdColumns = table.Of(
	table.Columns[domain.Coupon]{table.Text("code_key", func(c *domain.Coupon) *string { return &c.Code })},
	couponsTable().read.Only("offer", "publisher", "start_time", "expire_time", "archived", "update_time"))

// Holds returns when the other publishers hold a code on an offer.
func (s *Store) Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error) {
	return s.holds(ctx, s.reader(), offer, publisher, code)
}

func (s *Store) holds(ctx context.Context, from querier, offer, publisher, code string) ([]domain.Hold, error) {
	query := holdColumns.From("coupons") + " WHERE code_key = ? AND offer = ? AND publisher <> ?"
	return collect(ctx, from, func(r row) (domain.Hold, error) {
		holder, err := holdColumns.Read(r)
		return domain.HoldOf(holder), err
	}, query, couponcode.Fold(code), offer, publisher)
}

// CheckUnshared says whether two publishers share a code of an offer at a moment or later.
func (s *Store) CheckUnshared(ctx context.Context, offer string, now time.Time) error {
	return checkUnshared(ctx, s.reader(), offer, now)
}

func checkUnshared(ctx context.Context, from querier, offer string, now time.Time) error {
	query := holdColumns.From("coupons") + ` WHERE offer = ?1
		AND code_key IN (SELECT code_key FROM coupons WHERE offer = ?1 GROUP BY code_key HAVING count(*) > 1) ORDER BY code_key`
	holders, err := collect(ctx, from, holdColumns.Read, query, offer)
	if err != nil {
		return err
	}
	for len(holders) > 0 {
		code := holders[0].Code
		var holds []domain.Hold
		for len(holders) > 0 && holders[0].Code == code {
			holds = append(holds, domain.HoldOf(holders[0]))
			holders = holders[1:]
		}
		if err := domain.CheckUnshared(offer, code, holds, now); err != nil {
			return err
		}
	}
	return nil
}
