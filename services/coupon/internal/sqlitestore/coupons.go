package sqlitestore

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func couponsTable() *table[domain.Coupon] {
	return &table[domain.Coupon]{
		name: "coupons",
		columns: slices.Concat(
			[]string{
				"id", "offer", "publisher", "code", "code_key", "start_time", "expire_time", "internal_note", "enabled", "archived",
			},
			payoutColumns("payout"),
			settingsColumns(),
			[]string{"usage_limit", "daily_usage_limit", "create_time", "update_time", "revision"}),
		values: func(c domain.Coupon) []any {
			return slices.Concat(
				[]any{
					c.ID(), c.Offer, c.Publisher, c.Code, couponcode.Fold(c.Code), c.StartTime.UnixMilli(), c.Expiry().UnixMilli(),
					c.InternalNote, flag(c.Enabled), flag(c.Archived),
				},
				payoutValues(c.Payout),
				settingsValues(c.Settings),
				[]any{c.UsageLimit, c.DailyUsageLimit, c.CreateTime.UnixMilli(), c.UpdateTime.UnixMilli(), c.Revision})
		},
		title:    "internal_note",
		titleOf:  func(c domain.Coupon) string { return c.InternalNote },
		scan:     func(r row) (domain.Coupon, error) { return scanCoupon(r) },
		id:       domain.Coupon.ID,
		revision: func(c *domain.Coupon) *int64 { return &c.Revision },
	}
}

// scanCoupon reads a coupon from a row of all its columns, which further ones may follow.
func scanCoupon(r row, more ...any) (domain.Coupon, error) {
	var c domain.Coupon
	var id, key string // They are made of the other columns.
	err := r.Scan(slices.Concat(
		[]any{
			&id, &c.Offer, &c.Publisher, &c.Code, &key,
			millis{&c.StartTime},
			millis{&c.ExpireTime},
			&c.InternalNote, &c.Enabled, &c.Archived,
		},
		scanPayout(&c.Payout),
		scanSettings(&c.Settings),
		[]any{&c.UsageLimit, &c.DailyUsageLimit, millis{&c.CreateTime}, millis{&c.UpdateTime}, &c.Revision},
		more)...)
	if c.ExpireTime.Equal(domain.NoExpiry()) {
		c.ExpireTime = time.Time{}
	}
	return c, err
}

// CreateCoupon writes a coupon and its approval as planned. The transaction has the write lock from
// its beginning, so that what plan is shown stays true until it is written.
func (s *Store) CreateCoupon(
	ctx context.Context, offer, publisher, code string, plan func(domain.Standing) (domain.Plan, error),
) (domain.Plan, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Plan, error) {
		standing, err := s.standing(ctx, tx, offer, publisher, code)
		if err != nil {
			return domain.Plan{}, err
		}
		before := clone(standing.Approval)
		planned, err := plan(standing)
		if err != nil {
			return domain.Plan{}, err
		}
		if planned.Approval != nil {
			approval, err := s.storeApproval(ctx, tx, before, *planned.Approval)
			if err != nil {
				return domain.Plan{}, err
			}
			planned.Approval = &approval
		}
		return planned, s.coupons.insert(ctx, tx, planned.Coupon)
	})
}

// standing reads what is stored about a coupon that is to be created.
func (s *Store) standing(ctx context.Context, tx *sql.Tx, offer, publisher, code string) (domain.Standing, error) {
	var found domain.Standing
	var err error
	if found.Offer, err = s.offers.find(ctx, tx, offer); err != nil {
		return found, err
	}
	if found.Publisher, err = s.publishers.find(ctx, tx, publisher); err != nil {
		return found, err
	}
	if found.Approval, err = s.approvals.find(ctx, tx, domain.ApprovalID(offer, publisher)); err != nil {
		return found, err
	}
	existing, err := s.coupons.find(ctx, tx, domain.CouponID(offer, publisher, code))
	if err != nil {
		return found, err
	}
	found.Exists = existing != nil
	if found.Offer != nil && found.Offer.UniqueCodes {
		if found.Holds, err = s.holds(ctx, tx, offer, publisher, code); err != nil {
			return found, err
		}
	}
	found.SharedWith, err = s.sharedWith(ctx, tx, offer, publisher, code, domain.MaxSharers)
	return found, err
}

// Coupon returns a coupon by its id.
func (s *Store) Coupon(ctx context.Context, id string) (domain.Coupon, error) {
	return s.coupons.first(ctx, s.db.Read(), "id = ?", id)
}

// UpdateCoupon replaces a coupon by what change makes of it.
func (s *Store) UpdateCoupon(ctx context.Context, id string, change func(domain.Coupon) (domain.Coupon, error)) (domain.Coupon, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Coupon, error) {
		return s.coupons.update(ctx, tx, id, func(before domain.Coupon) (domain.Coupon, error) {
			after, err := change(before)
			if err != nil || !domain.WidensHold(before, after) {
				return after, err
			}
			return after, s.checkMove(ctx, tx, before, after)
		})
	})
}

// checkMove returns the error of domain.CheckMove if the coupon's offer has unique codes.
func (s *Store) checkMove(ctx context.Context, tx *sql.Tx, before, after domain.Coupon) error {
	offer, err := s.offers.find(ctx, tx, before.Offer)
	if err != nil || offer == nil || !offer.UniqueCodes {
		return err
	}
	holds, err := s.holds(ctx, tx, before.Offer, before.Publisher, before.Code)
	if err != nil {
		return err
	}
	return domain.CheckMove(before, after, holds)
}

// Coupons returns the coupons that a query selects.
func (s *Store) Coupons(ctx context.Context, q listing.Query) ([]domain.Coupon, error) {
	return s.coupons.list(ctx, s.db.Reports(), q)
}

// SharedWith lists the other publishers who have a code on an offer.
func (s *Store) SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error) {
	return s.sharedWith(ctx, s.db.Read(), offer, publisher, code, limit)
}

func (s *Store) sharedWith(ctx context.Context, from querier, offer, publisher, code string, limit int) ([]string, error) {
	const query = "SELECT publisher FROM coupons WHERE code_key = ? AND offer = ? AND publisher <> ? ORDER BY publisher LIMIT ?"
	return collect(ctx, from, func(r row) (string, error) {
		var other string
		err := r.Scan(&other)
		return other, err
	}, query, couponcode.Fold(code), offer, publisher, limit)
}

// Candidates returns the coupons that have a code, with what their validity hangs on.
func (s *Store) Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error) {
	where, args := "c.code_key = ?", []any{couponcode.Fold(code)}
	if offer != "" {
		where, args = where+" AND c.offer = ?", append(args, offer)
	}
	query := "SELECT c." + strings.Join(s.coupons.columns, ", c.") +
		`, coalesce(o.state, ''), coalesce(a.state, ''),
		coalesce(p.state, ''), coalesce(p.postback_url, ''), coalesce(p.delivery_statuses, ''),
		coalesce(a.payout_kind, ''), coalesce(a.payout_currency_code, ''), coalesce(a.payout_units, 0), coalesce(a.payout_nanos, 0),
		coalesce(a.payout_percent, 0),
		coalesce(a.payout_cap_currency_code, ''), coalesce(a.payout_cap_units, 0), coalesce(a.payout_cap_nanos, 0)
		FROM coupons c
		LEFT JOIN offers o ON o.id = c.offer
		LEFT JOIN publishers p ON p.id = c.publisher
		LEFT JOIN approvals a ON a.id = c.offer || '/' || c.publisher
		WHERE ` + where + " ORDER BY c.id LIMIT ?"
	return collect(ctx, s.db.Read(), func(r row) (domain.Candidate, error) {
		var found domain.Candidate
		var publisher domain.Publisher // As far as it matters.
		var err error
		found.Coupon, err = scanCoupon(r, append(
			[]any{&found.OfferState, &found.ApprovalState, &publisher.State, &publisher.PostbackURL, &publisher.Delivery.Statuses},
			scanPayout(&found.ApprovalPayout)...)...)
		found.PublisherState, found.DeliverOn = publisher.State, publisher.DeliverOn()
		return found, err
	}, query, append(args, limit)...)
}
