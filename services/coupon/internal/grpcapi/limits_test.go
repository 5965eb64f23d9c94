package grpcapi

import (
	"context"
	"errors"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

// TestValidateLimits validates codes with usage limits. Only those are asked about, and at most once a second.
func TestValidateLimits(t *testing.T) {
	t.Parallel()
	s := withParties(t)
	for _, coupon := range []string{`"code": "LIMITED", "usage_limit": 3, "daily_usage_limit": 2`, `"code": "FREE"`} {
		call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {"publisher": "publishers/22", `+coupon+`}}`)
	}
	validate := func(code string, want bool, reason couponv1.ValidateCouponResponse_Reason, unknown bool) *couponv1.Coupon {
		t.Helper()
		got := call(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"offer": "offers/10", "code": "`+code+`"}`)
		if got.GetValid() != want || got.GetReason() != reason || got.GetLimitsUnknown() != unknown || got.GetCoupon() == nil {
			t.Errorf("%s: got %v", code, got)
		}
		return got.GetCoupon()
	}
	const none, reached = couponv1.ValidateCouponResponse_REASON_UNSPECIFIED, couponv1.ValidateCouponResponse_LIMIT_REACHED
	validate("LIMITED", true, none, true) // nobody knows

	var asked []domain.Limits
	isReached, err := true, error(nil)
	s.coupons.flow.AskLimits(func(_ context.Context, limits domain.Limits) (bool, error) {
		asked = append(asked, limits)
		return isReached, err
	})
	validate("FREE", true, none, false)
	coupon := validate("LIMITED", false, reached, false)
	isReached = false
	validate("LIMITED", false, reached, false)
	want := domain.Limits{Coupon: coupon.GetName(), Etag: coupon.GetEtag(), Total: 3, Daily: 2}
	if len(asked) != 1 || asked[0] != want {
		t.Errorf("asked %+v, want %+v once", asked, want)
	}
	s.later.Store(1000)
	validate("LIMITED", true, none, false)
	s.later.Store(2000)
	err = errors.New("away")
	validate("LIMITED", true, none, true)
	err, isReached = nil, true // an error is not kept
	validate("LIMITED", false, reached, false)
	call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{}, `{"coupon": {"name": "`+coupon.GetName()+`", "usage_limit": 9}}`)
	isReached = false
	validate("LIMITED", true, none, false) // other limits, another question
}
