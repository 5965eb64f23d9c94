package sqlitestore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// holdColumns are the columns of a coupon that say when it holds its code.
const holdColumns = "offer, publisher, code_key, start_time, expire_time, archived, update_time"

// scanHolder reads a coupon from a row of holdColumns, as far as domain.HoldOf needs it.
func scanHolder(r row) (c domain.Coupon, err error) {
	err = r.Scan(&c.Offer, &c.Publisher, &c.Code, millis{&c.StartTime}, millis{&c.ExpireTime}, &c.Archived, millis{&c.UpdateTime})
	return c, err
}

// Holds returns when the other publishers hold a code on an offer.
func (s *Store) Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error) {
	return s.holds(ctx, s.db.Read(), offer, publisher, code)
}

func (s *Store) holds(ctx context.Context, from querier, offer, publisher, code string) ([]domain.Hold, error) {
	const query = "SELECT " + holdColumns + " FROM coupons WHERE code_key = ? AND offer = ? AND publisher <> ?"
	return collect(ctx, from, func(r row) (domain.Hold, error) {
		holder, err := scanHolder(r)
		return domain.HoldOf(holder), err
	}, query, couponcode.Fold(code), offer, publisher)
}

// CheckUnshared says whether two publishers share a code of an offer at a moment or later.
func (s *Store) CheckUnshared(ctx context.Context, offer string, now time.Time) error {
	return checkUnshared(ctx, s.db.Read(), offer, now)
}

func checkUnshared(ctx context.Context, from querier, offer string, now time.Time) error {
	const query = "SELECT " + holdColumns + ` FROM coupons WHERE offer = ?1
		AND code_key IN (SELECT code_key FROM coupons WHERE offer = ?1 GROUP BY code_key HAVING count(*) > 1) ORDER BY code_key`
	holders, err := collect(ctx, from, scanHolder, query, offer)
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
