package partnerhttp

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// oneOffer is a coupon service of one offer, under HMAC, with publisher 22's coupon SALEXYZ20.
type oneOffer struct{ attribution.CouponClient }

func (oneOffer) Offer(context.Context, string) (domain.Offer, error) {
	return domain.Offer{
		ID: "10", Active: true, Auth: domain.AuthHMAC, Precedence: domain.CodeFirst, ClickWindow: time.Hour, StartStatus: domain.StatusApproved, CurrencyCode: "USD",
		Credentials: domain.Credentials{Token: "token", Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte(keyBytes))},
	}, nil
}

func (oneOffer) Coupons(context.Context, string, string) ([]domain.Coupon, error) {
	return []domain.Coupon{{Offer: "10", Publisher: "22", Code: "SALEXYZ20", Enabled: true, Approved: true, OfferActive: true}}, nil
}

// LatestOffer implements attribution.CouponClient.
func (o oneOffer) LatestOffer(ctx context.Context, id string) (domain.Offer, error) {
	return o.Offer(ctx, id)
}

// tokenOffer is oneOffer with a token.
type tokenOffer struct{ oneOffer }

func (o tokenOffer) Offer(ctx context.Context, id string) (domain.Offer, error) {
	offer, err := o.oneOffer.Offer(ctx, id)
	offer.Auth, offer.Credentials.Token = domain.AuthToken, "s3cret"
	return offer, err
}

// LatestOffer implements attribution.CouponClient.
func (o tokenOffer) LatestOffer(ctx context.Context, id string) (domain.Offer, error) {
	return o.Offer(ctx, id)
}

func newUseCases(t *testing.T) UseCases {
	t.Helper()
	return newUseCasesOf(t, oneOffer{})
}

func newUseCasesOf(t *testing.T, catalog attribution.CouponClient) UseCases {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	presets, err := presets.Load()
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	return UseCases{
		Clicks: clicks.New(clicks.Config{Store: store, Catalog: catalog, Now: clock, PublicURL: "https://go.example.com"}),
		Attribution: attribution.New(attribution.Config{
			Store: store, Catalog: catalog, CatalogSince: func(time.Time) attribution.CouponClient { return catalog }, Presets: presets, Now: clock, Zone: time.UTC, After: time.After, Wake: func() {},
		}),
	}
}

func (oneOffer) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	return domain.Publisher{ID: id, Active: true}, nil
}
