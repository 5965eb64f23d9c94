package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

func offersTable() *records[domain.Offer] {
	return newRecords("offers", "display_name", func(o *domain.Offer) string { return o.ID }, table.Of(table.Columns[domain.Offer]{
		table.Text("id", func(o *domain.Offer) *string { return &o.ID }),
		table.Text("display_name", func(o *domain.Offer) *string { return &o.DisplayName }),
		table.Text("landing_page_url", func(o *domain.Offer) *string { return &o.LandingPageURL }),
		table.Text("fallback_url", func(o *domain.Offer) *string { return &o.FallbackURL }),
		table.Text("state", func(o *domain.Offer) *domain.OfferState { return &o.State }),
		table.Text("postback_auth", func(o *domain.Offer) *domain.PostbackAuth { return &o.PostbackAuth }),
		table.Text("postback_token", func(o *domain.Offer) *string { return &o.PostbackToken }),
		table.Text("postback_secret", func(o *domain.Offer) *string { return &o.PostbackSecret }),
		table.Text("previous_postback_token", func(o *domain.Offer) *string { return &o.Previous.PostbackToken }),
		table.Text("previous_postback_secret", func(o *domain.Offer) *string { return &o.Previous.PostbackSecret }),
		table.OptionalTime("previous_credentials_expire_time", func(o *domain.Offer) *time.Time { return &o.PreviousExpireTime }),
		table.Text("precedence", func(o *domain.Offer) *domain.Precedence { return &o.Precedence }),
		table.Duration("click_window", time.Second, func(o *domain.Offer) *time.Duration { return &o.ClickWindow }),
		table.Duration("coupon_grace", time.Second, func(o *domain.Offer) *time.Duration { return &o.CouponGrace }),
		table.Flag("unique_codes", func(o *domain.Offer) *bool { return &o.UniqueCodes }),
		table.Text("default_conversion_status", func(o *domain.Offer) *domain.ConversionStatus { return &o.DefaultConversionStatus }),
		table.Text("payout_base", func(o *domain.Offer) *domain.PayoutBase { return &o.PayoutBase }),
		table.Text("currency_code", func(o *domain.Offer) *string { return &o.CurrencyCode }),
		table.Text("forward_parameters", func(o *domain.Offer) *string { return &o.ForwardParameters }),
		table.Time("create_time", func(o *domain.Offer) *time.Time { return &o.CreateTime }),
		table.Time("update_time", func(o *domain.Offer) *time.Time { return &o.UpdateTime }),
		table.Number("revision", func(o *domain.Offer) *int64 { return &o.Revision }),
	},
		payoutColumns("payout", func(o *domain.Offer) *money.Payout { return &o.Payout }),
		payoutColumns("revenue", func(o *domain.Offer) *money.Payout { return &o.Revenue }),
		table.Money("open_postback_max_amount", currencyCode, func(o *domain.Offer) *money.Money { return &o.OpenPostbackMaxAmount }),
		searchColumn("display_name", func(o *domain.Offer) *string { return &o.DisplayName })),
		func(o *domain.Offer) *int64 { return &o.Revision },
		func(o *domain.Offer) string { return resource.Offer(o.ID) })
}

// InsertOffer stores a new offer. It also returns app.ErrExists if another offer has its postback token.
func (s *Store) InsertOffer(ctx context.Context, offer domain.Offer) error {
	return s.write(ctx, func(tx *sql.Tx) error { return s.offers.insert(ctx, tx, offer) })
}

// Offer returns an offer by its id.
func (s *Store) Offer(ctx context.Context, id string) (domain.Offer, error) {
	return s.offers.first(ctx, s.reader(), "id = ?", id)
}

// OfferByToken returns the offer that has a postback token, or had it and still accepts it.
func (s *Store) OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error) {
	found, err := s.offers.first(ctx, s.reader(), "postback_token = ?", token)
	if !errors.Is(err, app.ErrNotFound) || token == "" {
		return found, err
	}
	// The condition on '' lets the partial index be used.
	return s.offers.only(ctx, s.reader(),
		"previous_postback_token = ? AND previous_postback_token <> '' AND previous_credentials_expire_time > ?", token, now.UnixMilli())
}

// Offers returns the offers that a query selects.
func (s *Store) Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error) {
	return s.offers.list(ctx, s.reports(), q)
}

// UpdateOffer replaces an offer by the result of change.
func (s *Store) UpdateOffer(ctx context.Context, id string, change func(domain.Offer) (domain.Offer, error)) (domain.Offer, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Offer, error) {
		turnedUnique := false
		offer, err := s.offers.update(ctx, tx, id, func(before domain.Offer) (domain.Offer, error) {
			after, err := change(before)
			turnedUnique = after.UniqueCodes && !before.UniqueCodes
			return after, err
		})
		if err != nil || !turnedUnique {
			return offer, err
		}
		return offer, checkUnshared(ctx, tx, id, offer.UpdateTime)
	})
}
