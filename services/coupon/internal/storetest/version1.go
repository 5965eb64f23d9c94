package storetest

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
)

// Version1 checks the records of the first schema version in a migrated store: offers 10 and 11, publishers
// 22 and 23, an approval and a coupon. It returns the secrets of the offers and publishers.
func Version1(t testing.TB, store app.Store) []string {
	t.Helper()
	ctx := t.Context()
	second := time.UnixMilli(1000).UTC()
	var secrets []string
	for _, id := range []string{"10", "11"} {
		o, err := store.OfferByToken(ctx, "token-of-"+id, second)
		want(t, "the offer", o, err, domain.Offer{
			ID: id, DisplayName: "Aurora", LandingPageURL: "https://shop.example/", State: domain.OfferActive, PostbackAuth: domain.AuthToken,
			Credentials: domain.Credentials{PostbackToken: "token-of-" + id, PostbackSecret: o.PostbackSecret},
			Precedence:  domain.CodeFirst, ClickWindow: time.Hour, Payout: money.Payout{Kind: money.Percent, Percent: 75_000},
			DefaultConversionStatus: domain.StartPending, PayoutBase: domain.AmountAsSent, CurrencyCode: "USD", CreateTime: second, UpdateTime: second, Revision: 1,
		})
		secrets = append(secrets, o.PostbackSecret)
	}
	for _, id := range []string{"22", "23"} {
		p, err := store.Publisher(ctx, id)
		want(t, "the publisher", p, err, domain.Publisher{
			ID: id, DisplayName: "Mia", State: domain.PublisherActive, Delivery: domain.DeliverySettings{Method: domain.DeliverByGet, PayloadVersion: domain.PayloadV1},
			DeliverySecret: p.DeliverySecret, CreateTime: second, UpdateTime: second, Revision: 1,
		})
		secrets = append(secrets, p.DeliverySecret)
	}
	a, err := store.Approval(ctx, "10", "22")
	want(t, "the approval", a, err, domain.Approval{
		Offer: "10", Publisher: "22", State: domain.ApprovalApproved, Source: domain.SourceCoupon,
		CreateTime: second, UpdateTime: second, Revision: 1,
	})
	c, err := store.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, domain.Coupon{
		Offer: "10", Publisher: "22", Code: "Sale20", StartTime: second, InternalNote: "note", Enabled: true,
		Payout:     money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "USD", Units: 12}},
		CreateTime: second, UpdateTime: second, Revision: 1,
	})
	version1Search(t, store)
	return secrets
}

// Version1Extra is the number of further coupons that Version1 expects for publisher 23, with the note
// Version1Note: more than one step migrates.
const (
	Version1Extra = 201
	Version1Note  = "Fru\u0308hling"
)

// version1Search checks that searches find names and notes of the first version.
func version1Search(t testing.TB, store app.Store) {
	t.Helper()
	find := func(field, text string) listing.Query {
		return listing.Query{
			Where: listing.Compare{Field: field + "_search", Op: listing.Contains, Value: listing.SearchKey(text)},
			Order: []listing.Order{{Field: "id"}}, Limit: 2 * Version1Extra,
		}
	}
	if offers, err := store.Offers(t.Context(), find("display_name", "AURORA")); err != nil || len(offers) != 2 {
		t.Errorf("%d offers are found: %v", len(offers), err)
	}
	if publishers, err := store.Publishers(t.Context(), find("display_name", "mia")); err != nil || len(publishers) != 2 {
		t.Errorf("%d publishers are found: %v", len(publishers), err)
	}
	if coupons, err := store.Coupons(t.Context(), find("internal_note", "früh")); err != nil || len(coupons) != Version1Extra {
		t.Errorf("%d coupons are found, want %d: %v", len(coupons), Version1Extra, err)
	}
}

// WantKeptSecrets fails the test unless the secrets that Version1 returned are all different, and the same in
// both calls.
func WantKeptSecrets(t testing.TB, first, again []string) {
	t.Helper()
	if len(first) != 4 || !slices.Equal(first, again) {
		t.Errorf("the secrets are %q and then %q, want four, kept", first, again)
	}
	seen := map[string]bool{}
	for _, secret := range first {
		if seen[secret] {
			t.Errorf("two have the secret %q", secret)
		}
		seen[secret] = true
		text, prefixed := strings.CutPrefix(secret, domain.SecretPrefix)
		if raw, err := base64.StdEncoding.DecodeString(text); !prefixed || err != nil || len(raw) != domain.SecretBytes {
			t.Errorf("the secret %q is not whsec_ and the base64 of 32 bytes: %v", secret, err)
		}
	}
}
