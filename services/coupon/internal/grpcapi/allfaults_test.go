package grpcapi

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// One response names all faults of a create or an update.
func TestEverythingAtOnce(t *testing.T) {
	s := withParties(t)
	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {"code": "HAS", "publisher": "publishers/22"}}`)
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"an offer": {
			caller(t, s.offers.CreateOffer)(`{"offer_id": "A B", "offer": {"landing_page_url": "ftp://x", "click_window": "0s", "currency_code": "X", "payout": {"percent": "x", "cap": {"units": 1}}, "open_postback_max_amount": {"units": 1}}}`),
			"click_window currency_code display_name landing_page_url offer_id open_postback_max_amount payout.cap payout.percent",
		},
		"an offer whose id is taken": {caller(t, s.offers.CreateOffer)(`{"offer_id": "10", "offer": {"landing_page_url": "https://x.example/"}}`), "display_name offer_id"},
		"an offer's update": {
			caller(t, s.offers.UpdateOffer)(`{"offer": {"name": "offers/10", "landing_page_url": "", "payout": {}}, "update_mask": "landingPageUrl,payout,name.x"}`),
			"landing_page_url payout update_mask",
		},
		"a publisher": {
			caller(t, s.publishers.CreatePublisher)(`{"publisher_id": "A B", "publisher": {"postback_url": "ftp://x", "delivery": {"method": 9}}}`),
			"delivery.method display_name postback_url publisher_id",
		},
		"a coupon": {
			caller(t, s.coupons.CreateCoupon)(`{"parent": "10", "coupon": {"code": "SALE_XYZ20", "publisher": "22", "start_time": "2026-02-01T00:00:00Z", "expire_time": "2026-01-01T00:00:00Z", "usage_limit": -1, "settings": {"click_window": "0s"}}}`),
			"code expire_time parent publisher settings.click_window usage_limit",
		},
		"a coupon of nobody": {caller(t, s.coupons.CreateCoupon)(`{"parent": "offers/nil", "coupon": {"code": "SALE_XYZ20", "publisher": "publishers/nil"}}`), "code parent publisher"},
		"a coupon's update": {
			caller(t, s.coupons.UpdateCoupon)(`{"coupon": {"name": "offers/10/coupons/22.HAS", "usage_limit": -1, "daily_usage_limit": -1, "payout": {}}, "update_mask": "usageLimit,dailyUsageLimit,payout"}`),
			"daily_usage_limit payout usage_limit",
		},
		"a series": {
			caller(t, s.coupons.GenerateCoupons)(`{"parent": "offers/10", "coupon": {"publisher": "22", "usage_limit": -1}, "count": 0, "prefix": "A_B", "length": 99}`),
			"count length prefix publisher usage_limit",
		},
	} {
		var fields []string
		for _, v := range apperr.As(tc.err).Violations {
			fields = append(fields, v.Field)
		}
		slices.Sort(fields)
		if got := strings.Join(fields, " "); got != tc.want {
			t.Errorf("%s: violations on %s, want %s\n%v", name, got, tc.want, tc.err)
		}
	}
}

// validate_only answers as the call would, and stores nothing.
func TestValidateOnly(t *testing.T) {
	s := withParties(t)
	offer := call(t, s.offers.CreateOffer, &couponv1.CreateOfferRequest{}, `{"validate_only": true, "offer": {"display_name": "Shoes", "landing_page_url": "https://x.example/"}}`)
	if offer.GetName() != "" || offer.GetPostbackToken() != "" || offer.GetCurrencyCode() != "USD" {
		t.Errorf("got %v, want the offer as it would be, without a name and credentials", offer)
	}
	call(t, s.publishers.CreatePublisher, &couponv1.CreatePublisherRequest{}, `{"publisher_id": "new", "validate_only": true, "publisher": {"display_name": "Mia"}}`)
	_, err := try(t, s.publishers.GetPublisher, &couponv1.GetPublisherRequest{}, `{"name": "publishers/new"}`)
	refused(t, err, notFound, "PUBLISHER_NOT_FOUND", "")
	const coupon = `{"parent": "offers/10", "coupon": {"code": "NEW", "publisher": "publishers/22", "usage_limit": 5}`
	if c := call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, coupon+`, "validate_only": true}`); c.GetName() != "offers/10/coupons/22.NEW" {
		t.Errorf("got %v, want the coupon as it would be", c)
	}
	stored := call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, coupon+`}`)
	update := `{"coupon": {"name": "offers/10/coupons/22.NEW", "usage_limit": 9}, "validate_only": true}`
	if c := call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{}, update); c.GetUsageLimit() != 9 {
		t.Errorf("got %v, want the coupon as it would be", c)
	}
	if c := call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, `{"name": "offers/10/coupons/22.NEW"}`); !proto.Equal(c, stored) {
		t.Errorf("the update was stored: %v", c)
	}
	for name, err := range map[string]error{
		"an offer":    caller(t, s.offers.UpdateOffer)(`{"offer": {"name": "offers/10", "display_name": "B"}, "validate_only": true}`),
		"a publisher": caller(t, s.publishers.UpdatePublisher)(`{"publisher": {"name": "publishers/22", "display_name": "B"}, "validate_only": true}`),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o := call(t, s.offers.GetOffer, &couponv1.GetOfferRequest{}, `{"name": "offers/10"}`); o.GetDisplayName() == "B" {
		t.Error("the offer's update was stored")
	}
}
