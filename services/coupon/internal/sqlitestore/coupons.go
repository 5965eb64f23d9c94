package sqlitestore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

func couponsTable() *records[domain.Coupon] {
	return newRecords("coupons", "internal_note", (*domain.Coupon).ID, table.Of(table.Columns[domain.Coupon]{
		table.Derived("id", func(c *domain.Coupon) string { return c.ID() }),
		table.Text("offer", func(c *domain.Coupon) *string { return &c.Offer }),
		table.Text("publisher", func(c *domain.Coupon) *string { return &c.Publisher }),
		table.Text("code", func(c *domain.Coupon) *string { return &c.Code }),
		table.Derived("code_key", func(c *domain.Coupon) string { return couponcode.Fold(c.Code) }),
		table.Time("start_time", func(c *domain.Coupon) *time.Time { return &c.StartTime }),
		expiryColumn(),
		table.Text("internal_note", func(c *domain.Coupon) *string { return &c.InternalNote }),
		table.Flag("enabled", func(c *domain.Coupon) *bool { return &c.Enabled }),
		table.Flag("archived", func(c *domain.Coupon) *bool { return &c.Archived }),
		table.Text("settings_precedence", func(c *domain.Coupon) *domain.Precedence { return &c.Settings.Precedence }),
		optionalSeconds("settings_click_window", func(c *domain.Coupon) *domain.OptionalDuration { return &c.Settings.ClickWindow }),
		optionalSeconds("settings_coupon_grace", func(c *domain.Coupon) *domain.OptionalDuration { return &c.Settings.CouponGrace }),
		table.Text("settings_default_conversion_status", func(c *domain.Coupon) *domain.ConversionStatus { return &c.Settings.DefaultConversionStatus }),
		table.Text("settings_fallback_url", func(c *domain.Coupon) *string { return &c.Settings.FallbackURL }),
		table.Number("usage_limit", func(c *domain.Coupon) *int64 { return &c.UsageLimit }),
		table.Number("daily_usage_limit", func(c *domain.Coupon) *int64 { return &c.DailyUsageLimit }),
		table.Time("create_time", func(c *domain.Coupon) *time.Time { return &c.CreateTime }),
		table.Time("update_time", func(c *domain.Coupon) *time.Time { return &c.UpdateTime }),
		table.Number("revision", func(c *domain.Coupon) *int64 { return &c.Revision }),
	},
		payoutColumns("payout", func(c *domain.Coupon) *money.Payout { return &c.Payout }),
		discountColumns(),
		searchColumn("internal_note", func(c *domain.Coupon) *string { return &c.InternalNote })),
		func(c *domain.Coupon) *int64 { return &c.Revision },
		func(c *domain.Coupon) string { return resource.Coupon(c.Offer, c.Publisher, c.Code) })
}

// CreateCoupon writes a coupon and its approval as planned. The transaction takes the write lock at its
// beginning, so that what plan sees stays true until the write.
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
			approval, err := s.storeApproval(audit.BySystem(ctx), tx, before, *planned.Approval)
			if err != nil {
				return domain.Plan{}, err
			}
			planned.Approval = &approval
		}
		return planned, s.coupons.insert(ctx, tx, planned.Coupon)
	})
}

// standing reads what is stored about a coupon to be created.
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
	return s.coupons.first(ctx, s.reader(), "id = ?", id)
}

// UpdateCoupon replaces a coupon by the result of change.
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
	return s.coupons.list(ctx, s.reports(), q)
}

// SharedWith lists the other publishers who have a code on an offer.
func (s *Store) SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error) {
	return s.sharedWith(ctx, s.reader(), offer, publisher, code, limit)
}

func (s *Store) sharedWith(ctx context.Context, from querier, offer, publisher, code string, limit int) ([]string, error) {
	const query = "SELECT publisher FROM coupons WHERE code_key = ? AND offer = ? AND publisher <> ? ORDER BY publisher LIMIT ?"
	return collect(ctx, from, func(r row) (string, error) {
		var other string
		err := r.Scan(&other)
		return other, err
	}, query, couponcode.Fold(code), offer, publisher, limit)
}

// Candidates returns the coupons that have a code, with what their validity depends on.
func (s *Store) Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error) {
	where, args := "c.code_key = ?", []any{couponcode.Fold(code)}
	if offer != "" {
		where, args = where+" AND c.offer = ?", append(args, offer)
	}
	query := "SELECT c." + strings.ReplaceAll(s.coupons.read.Names(), ", ", ", c.") + ", " + candidateColumns.Names() + ` FROM coupons c
		LEFT JOIN offers o ON o.id = c.offer
		LEFT JOIN publishers p ON p.id = c.publisher
		LEFT JOIN approvals a ON a.id = c.offer || '/' || c.publisher
		WHERE ` + where + " ORDER BY c.id LIMIT ?"
	return collect(ctx, s.reader(), func(r row) (domain.Candidate, error) {
		var found candidate
		err := s.coupons.read.Scan(r, &found.Coupon, candidateColumns.Places(&found)...)
		found.PublisherState, found.DeliverOn = found.publisher.State, found.publisher.DeliverOn()
		return found.Candidate, err
	}, query, append(args, limit)...)
}

// candidate is a candidate as read from a row.
type candidate struct {
	domain.Candidate
	publisher domain.Publisher // only what candidates need
}

// candidateColumns are read together with a coupon.
var candidateColumns = orNone(table.Of(table.Columns[candidate]{
	table.Text("o.state", func(c *candidate) *domain.OfferState { return &c.OfferState }),
	table.Text("a.state", func(c *candidate) *domain.ApprovalState { return &c.ApprovalState }),
	table.Text("p.state", func(c *candidate) *domain.PublisherState { return &c.publisher.State }),
	table.Text("p.postback_url", func(c *candidate) *string { return &c.publisher.PostbackURL }),
	table.Text("p.delivery_statuses", func(c *candidate) *domain.DeliveryStatuses { return &c.publisher.Delivery.Statuses }),
}, payoutColumns("a.payout", func(c *candidate) *money.Payout { return &c.ApprovalPayout })))

// orNone makes the columns of a joined table empty or 0 if it has no matching row.
func orNone[T any](columns table.Columns[T]) table.Columns[T] {
	for i, column := range columns {
		none := "0"
		if column.Optional {
			none = "''"
		}
		columns[i].Name = "coalesce(" + column.Name + ", " + none + ")"
	}
	return columns
}
