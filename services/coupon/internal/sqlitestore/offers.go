package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func offersTable() *table[domain.Offer] {
	return &table[domain.Offer]{
		name: "offers",
		columns: slices.Concat(
			[]string{
				"id", "display_name", "landing_page_url", "fallback_url", "state", "postback_auth", "postback_token",
				"postback_secret", "previous_postback_token", "previous_postback_secret", "previous_credentials_expire_time",
				"precedence", "click_window", "coupon_grace", "unique_codes",
			},
			payoutColumns("payout"),
			payoutColumns("revenue"),
			[]string{"default_conversion_status", "currency_code", "create_time", "update_time", "revision", "forward_parameters"},
			moneyColumns("open_postback_max_amount")),
		values: func(o domain.Offer) []any {
			return slices.Concat(
				[]any{
					o.ID, o.DisplayName, o.LandingPageURL, o.FallbackURL, string(o.State), string(o.PostbackAuth), o.PostbackToken,
					o.PostbackSecret, o.Previous.PostbackToken, o.Previous.PostbackSecret, millisOrNull(o.PreviousExpireTime),
					string(o.Precedence), int64(o.ClickWindow / time.Second), int64(o.CouponGrace / time.Second), flag(o.UniqueCodes),
				},
				payoutValues(o.Payout),
				payoutValues(o.Revenue),
				[]any{string(o.DefaultConversionStatus), o.CurrencyCode, o.CreateTime.UnixMilli(), o.UpdateTime.UnixMilli(), o.Revision, o.ForwardParameters},
				moneyValues(o.OpenPostbackMaxAmount))
		},
		title:   "display_name",
		titleOf: func(o domain.Offer) string { return o.DisplayName },
		scan: func(r row) (o domain.Offer, err error) {
			err = r.Scan(slices.Concat(
				[]any{
					&o.ID, &o.DisplayName, &o.LandingPageURL, &o.FallbackURL, &o.State, &o.PostbackAuth, &o.PostbackToken,
					&o.PostbackSecret, &o.Previous.PostbackToken, &o.Previous.PostbackSecret,
					optionalMillis{&o.PreviousExpireTime},
					&o.Precedence,
					seconds{&o.ClickWindow},
					seconds{&o.CouponGrace},
					&o.UniqueCodes,
				},
				scanPayout(&o.Payout),
				scanPayout(&o.Revenue),
				[]any{&o.DefaultConversionStatus, &o.CurrencyCode, millis{&o.CreateTime}, millis{&o.UpdateTime}, &o.Revision, &o.ForwardParameters},
				scanMoney(&o.OpenPostbackMaxAmount))...)
			return o, err
		},
		id:       func(o domain.Offer) string { return o.ID },
		revision: func(o *domain.Offer) *int64 { return &o.Revision },
	}
}

// InsertOffer stores a new offer. It returns app.ErrExists too where another offer has its postback
// token.
func (s *Store) InsertOffer(ctx context.Context, offer domain.Offer) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error { return s.offers.insert(ctx, tx, offer) })
}

// Offer returns an offer by its id.
func (s *Store) Offer(ctx context.Context, id string) (domain.Offer, error) {
	return s.offers.first(ctx, s.db.Read(), "id = ?", id)
}

// OfferByToken returns the offer whose postback token it is, or was and is still taken.
func (s *Store) OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error) {
	found, err := s.offers.first(ctx, s.db.Read(), "postback_token = ?", token)
	if !errors.Is(err, app.ErrNotFound) || token == "" {
		return found, err
	}
	// The condition on '' lets the partial index be used.
	return s.offers.only(ctx, s.db.Read(),
		"previous_postback_token = ? AND previous_postback_token <> '' AND previous_credentials_expire_time > ?", token, now.UnixMilli())
}

// Offers returns the offers that a query selects.
func (s *Store) Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error) {
	return s.offers.list(ctx, s.db.Reports(), q)
}

// UpdateOffer replaces an offer by what change makes of it.
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
