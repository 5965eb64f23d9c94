package grpcapi

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

const keyBytes = "a key of an offer, 32 bytes long"

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

func newFlow(t *testing.T) *attribution.Service {
	t.Helper()
	return newFlowOf(t, oneOffer{})
}

func newFlowOf(t *testing.T, catalog attribution.CouponClient) *attribution.Service {
	t.Helper()
	presets, err := presets.Load()
	if err != nil {
		t.Fatal(err)
	}
	return attribution.New(attribution.Config{
		Store: newStore(t), Catalog: catalog, CatalogSince: func(time.Time) attribution.CouponClient { return catalog }, Presets: presets, Now: func() time.Time { return now }, Zone: time.UTC, After: time.After, Wake: func() {},
	})
}

func (oneOffer) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	return domain.Publisher{ID: id, Active: true}, nil
}

func newStore(t *testing.T) storetest.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}
