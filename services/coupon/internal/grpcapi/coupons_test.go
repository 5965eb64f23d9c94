package grpcapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// withCoupon also stores coupon SaleXyz20 of publisher 22 on offer 10, valid for a day from noon.
func withCoupon(t testing.TB) servers {
	t.Helper()
	s := withParties(t)
	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {"code": "SaleXyz20",
		"publisher": "publishers/22", "expire_time": "2026-11-23T12:00:00Z", "internal_note": "autumn"}}`)
	return s
}

// couponJSON is that coupon as responses show it, without its etag.
const couponJSON = `{"name": "offers/10/coupons/22.SALEXYZ20", "code": "SaleXyz20", "offer": "offers/10", "publisher": "publishers/22",
	"start_time": "2026-11-22T12:00:00Z", "expire_time": "2026-11-23T12:00:00Z", "internal_note": "autumn", "enabled": true,
	"state": "ACTIVE", "tracking_link": "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SaleXyz20",
	"create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`

const couponName = `{"name": "offers/10/coupons/22.salexyz20"}`

func TestEveryAnswerHasTheWholeCoupon(t *testing.T) {
	s := withCoupon(t)
	read := call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, couponName)
	listed := call(t, s.coupons.ListCoupons, &couponv1.ListCouponsRequest{}, `{"parent": "offers/10"}`)
	validated := call(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"code": "salexyz20", "offer": "offers/10"}`)
	looked := call(t, s.lookups.LookupCode, &couponv1.LookupCodeRequest{}, `{"code": "SALEXYZ20"}`)
	if !validated.GetValid() || validated.GetReason() != 0 {
		t.Errorf("got %v", validated)
	}
	same(t, looked.GetCandidates()[0], &couponv1.Candidate{Coupon: read}, `{"offer_state": "ACTIVE", "publisher_state": "ACTIVE",
		"approval_state": "APPROVED", "coupon": `+strings.TrimSuffix(couponJSON, "}")+`, "etag": "`+read.GetEtag()+`"}}`)
	for _, got := range []*couponv1.Coupon{read, listed.GetCoupons()[0], validated.GetCoupon(), looked.GetCandidates()[0].GetCoupon()} {
		if got.GetEtag() == "" {
			t.Error("no etag")
		}
		got.Etag = ""
		same(t, got, &couponv1.Coupon{}, couponJSON)
	}
}

func TestSharedWith(t *testing.T) {
	s := withCoupon(t)
	second := call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{},
		`{"parent": "offers/10", "coupon": {"code": "SALEXYZ20", "publisher": "publishers/23"}}`)
	first := call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, couponName)
	if strings.Join(second.GetSharedWith(), " ") != "publishers/22" || strings.Join(first.GetSharedWith(), " ") != "publishers/23" {
		t.Errorf("got %v and %v", second.GetSharedWith(), first.GetSharedWith())
	}
	got := call(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"code": "SALEXYZ20"}`)
	same(t, got, &couponv1.ValidateCouponResponse{}, `{"valid": true, "reason": "AMBIGUOUS_CODE",
		"candidates": ["offers/10/coupons/22.SALEXYZ20", "offers/10/coupons/23.SALEXYZ20"]}`)
	got = call(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"code": "SALEXYZ20", "publisher": "publishers/23"}`)
	if got.GetCoupon().GetPublisher() != "publishers/23" {
		t.Errorf("got %v", got)
	}
}

const ownSettings = `"settings": {"precedence": "ONLY_IF_CLICKED", "click_window": "3600s", "coupon_grace": "0s",
	"default_conversion_status": "APPROVED", "fallback_url": "https://shop.example.com/over"}`

func TestUpdateCoupon(t *testing.T) {
	s := withCoupon(t)
	for _, tc := range []struct{ name, request, want string }{
		{"switch off", `{"coupon": {"enabled": false}, "update_mask": "enabled"}`, `"enabled": false, "state": "DISABLED", "internal_note": "autumn", "expire_time": "2026-11-23T12:00:00Z"`},
		{"switch on, without a mask", `{"coupon": {"enabled": true}}`, `"enabled": true, "state": "ACTIVE", "internal_note": "autumn", "expire_time": "2026-11-23T12:00:00Z"`},
		{"never expire", `{"coupon": {"expire_time": null}, "update_mask": "expireTime"}`, `"enabled": true, "state": "ACTIVE", "internal_note": "autumn"`},
		{"a read coupon written back without a mask", `{"coupon": {"code": "SaleXyz20", "offer": "offers/10", "publisher": "publishers/22", "state": "ACTIVE", "internal_note": "winter"}}`, `"enabled": true, "state": "ACTIVE", "internal_note": "winter"`},
		{"every setting of its own", `{"coupon": {` + ownSettings + `}, "update_mask": "settings"}`, `"enabled": true, "state": "ACTIVE", "internal_note": "winter", ` + ownSettings},
		{"other fields leave them", `{"coupon": {"internal_note": ""}, "update_mask": "internalNote"}`, `"enabled": true, "state": "ACTIVE", ` + ownSettings},
		{"a part of the settings", `{"coupon": {"settings": {"precedence": "CLICK_FIRST"}}}`, `"enabled": true, "state": "ACTIVE", ` + strings.Replace(ownSettings, "ONLY_IF_CLICKED", "CLICK_FIRST", 1)},
		{"all parts but one unset", `{"coupon": {"settings": {"precedence": "CLICK_FIRST"}}, "update_mask": "settings"}`, `"enabled": true, "state": "ACTIVE", "settings": {"precedence": "CLICK_FIRST"}`},
		{"limits", `{"coupon": {"usage_limit": "100", "daily_usage_limit": "5"}}`, `"enabled": true, "state": "ACTIVE", "settings": {"precedence": "CLICK_FIRST"}, "usage_limit": "100", "daily_usage_limit": "5"`},
		{"one limit, lifted", `{"coupon": {"daily_usage_limit": "7"}, "update_mask": "usageLimit"}`, `"enabled": true, "state": "ACTIVE", "settings": {"precedence": "CLICK_FIRST"}, "daily_usage_limit": "5"`},
		{"both limits lifted", `{"coupon": {"usage_limit": "0"}, "update_mask": "usageLimit,dailyUsageLimit"}`, `"enabled": true, "state": "ACTIVE", "settings": {"precedence": "CLICK_FIRST"}`},
		{"settings unspecified are none", `{"coupon": {"settings": {"precedence": "PRECEDENCE_UNSPECIFIED"}}}`, `"enabled": true, "state": "ACTIVE"`},
	} {
		req := strings.Replace(tc.request, `"coupon": {`, `"coupon": {"name": "offers/10/coupons/22.SALEXYZ20", `, 1)
		got := call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{}, req)
		t.Log(tc.name)
		got = &couponv1.Coupon{
			Enabled: got.Enabled, State: got.GetState(), InternalNote: got.GetInternalNote(), ExpireTime: got.GetExpireTime(), Payout: got.GetPayout(),
			Settings: got.GetSettings(), UsageLimit: got.GetUsageLimit(), DailyUsageLimit: got.GetDailyUsageLimit(),
		}
		same(t, got, &couponv1.Coupon{}, "{"+tc.want+"}")
	}
}

func TestArchiveCoupon(t *testing.T) {
	s := withCoupon(t)
	_, err := try(t, s.coupons.ArchiveCoupon, &couponv1.ArchiveCouponRequest{}, `{"name": "offers/10/coupons/22.SALEXYZ20", "etag": "stale"}`)
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH", "")
	if got := call(t, s.coupons.ArchiveCoupon, &couponv1.ArchiveCouponRequest{}, couponName); got.GetState() != couponv1.Coupon_ARCHIVED {
		t.Errorf("got %v", got)
	}
	_, err = try(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{},
		`{"coupon": {"name": "offers/10/coupons/22.SALEXYZ20", "internal_note": "late"}}`)
	refused(t, err, apperr.FailedPrecondition, "COUPON_ARCHIVED", "")
}

func TestStatesOfACoupon(t *testing.T) {
	s := withCoupon(t)
	for millis, want := range map[int64]couponv1.Coupon_State{
		-1: couponv1.Coupon_SCHEDULED, 0: couponv1.Coupon_ACTIVE, 86_399_999: couponv1.Coupon_ACTIVE, 86_400_000: couponv1.Coupon_EXPIRED,
	} {
		s.later.Store(millis)
		if got := call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, couponName); got.GetState() != want {
			t.Errorf("%d ms after noon: got %v, want %v", millis, got.GetState(), want)
		}
	}
}

func TestLookups(t *testing.T) {
	s := withCoupon(t)
	offer := call(t, s.lookups.LookupOffer, &couponv1.LookupOfferRequest{}, `{"offer": "offers/10"}`).GetOffer()
	byToken := call(t, s.lookups.LookupOffer, &couponv1.LookupOfferRequest{}, `{"postback_token": "`+offer.GetPostbackToken()+`"}`).GetOffer()
	if byToken.GetName() != "offers/10" || offer.GetName() != "offers/10" {
		t.Errorf("got %v and %v", offer, byToken)
	}
	call(t, s.approvals.UpdateApproval, &couponv1.UpdateApprovalRequest{},
		`{"approval": {"name": "offers/10/approvals/22", "payout": {"percent": "12.5"}}}`)
	if got := call(t, s.lookups.LookupCode, &couponv1.LookupCodeRequest{}, `{"code": "SALEXYZ20"}`).GetCandidates()[0]; got.GetApprovalPayout().GetPercent() != "12.5" {
		t.Errorf("got %v", got)
	}
	same(t, call(t, s.lookups.LookupStanding, &couponv1.LookupStandingRequest{}, `{"offer": "offers/10", "publisher": "publishers/22"}`),
		&couponv1.LookupStandingResponse{}, `{"publisher_state": "ACTIVE", "approval_state": "APPROVED", "approval_payout": {"percent": "12.5"}}`)
	same(t, call(t, s.lookups.LookupCode, &couponv1.LookupCodeRequest{}, `{"code": "SALE_XYZ20"}`), &couponv1.LookupCodeResponse{}, `{}`)
}

func TestRotation(t *testing.T) {
	s := withCoupon(t)
	byToken := func(token string) (*couponv1.LookupOfferResponse, error) {
		return try(t, s.lookups.LookupOffer, &couponv1.LookupOfferRequest{}, `{"postback_token": "`+token+`"}`)
	}
	first := call(t, s.offers.GetOffer, &couponv1.GetOfferRequest{}, `{"name": "offers/10"}`)
	second := call(t, s.offers.RotatePostbackCredentials, &couponv1.RotatePostbackCredentialsRequest{}, `{"name": "offers/10"}`)
	if second.GetPostbackToken() == first.GetPostbackToken() || second.GetPostbackSecret() == first.GetPostbackSecret() ||
		second.GetEtag() == first.GetEtag() || !second.GetPreviousCredentialsExpireTime().AsTime().Equal(noon.AddDate(0, 0, 1)) {
		t.Errorf("got %v after %v", second, first)
	}
	s.later.Store(86_399_999)
	for _, token := range []string{first.GetPostbackToken(), second.GetPostbackToken()} {
		got, err := byToken(token)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, &couponv1.LookupOfferResponse{Offer: second}, `{"previous_postback_token": "`+first.GetPostbackToken()+`",
			"previous_postback_secret": "`+first.GetPostbackSecret()+`", "offer": `+protojson.Format(second)+`}`)
	}
	// A millisecond later the overlap is over, even for answers from memory.
	s.later.Store(86_400_000)
	_, err := byToken(first.GetPostbackToken())
	refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND", "")
	got := call(t, s.lookups.LookupOffer, &couponv1.LookupOfferRequest{}, `{"offer": "offers/10"}`)
	second.PreviousCredentialsExpireTime = nil
	same(t, got, &couponv1.LookupOfferResponse{}, `{"offer": `+protojson.Format(second)+`}`)

	call(t, s.offers.RotatePostbackCredentials, &couponv1.RotatePostbackCredentialsRequest{}, `{"name": "offers/10", "overlap": "0s"}`)
	_, err = byToken(second.GetPostbackToken())
	refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND", "")
}
