package grpcapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestBatchCreateCoupons(t *testing.T) {
	s := withCoupon(t)
	got := call(t, s.coupons.BatchCreateCoupons, &couponv1.BatchCreateCouponsRequest{}, `{"parent": "offers/10", "requests": [
		{"coupon": {"code": "SALEXYZ20", "publisher": "publishers/23", "internal_note": "second"}},
		{"parent": "offers/10", "coupon": {"code": "salexyz20", "publisher": "publishers/22"}},
		{"coupon": {"code": "NEW_1", "publisher": "publishers/22"}},
		{"coupon": {"code": "NEW1", "publisher": "22"}},
		{"coupon": {"code": "NEW1", "publisher": "publishers/22", "payout": {"percent": "x"}}},
		{},
		{"coupon": {"code": "NEW1", "publisher": "publishers/99"}}]}`)
	created := got.GetResults()[0].GetCoupon()
	same(t, call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, `{"name": "offers/10/coupons/23.SALEXYZ20"}`), &couponv1.Coupon{}, protojson.Format(created))
	if created.GetInternalNote() != "second" || strings.Join(created.GetSharedWith(), " ") != "publishers/22" {
		t.Errorf("got %v", created)
	}
	var faults []string
	for _, r := range got.GetResults()[1:] {
		f := r.GetFault()
		if r.GetCoupon() != nil || f.GetMessage() == "" {
			t.Errorf("got %v", r)
		}
		faults = append(faults, strings.Join([]string{f.GetCode(), f.GetReason(), f.GetField(), f.GetSuggestion()}, " "))
	}
	want := []string{
		"ALREADY_EXISTS COUPON_EXISTS  ",
		"INVALID_ARGUMENT INVALID_CODE code NEW1",
		"INVALID_ARGUMENT INVALID_NAME publisher ",
		"INVALID_ARGUMENT INVALID_PAYOUT payout.percent ",
		"INVALID_ARGUMENT INVALID_COUPON coupon ",
		"NOT_FOUND PUBLISHER_NOT_FOUND  ",
	}
	if strings.Join(faults, "\n") != strings.Join(want, "\n") || got.GetCreatedCount() != 1 {
		t.Errorf("%d created; got\n%s\nwant\n%s", got.GetCreatedCount(), strings.Join(faults, "\n"), strings.Join(want, "\n"))
	}
}

func TestBatchOfSeveralOffers(t *testing.T) {
	s := withParties(t)
	got := call(t, s.coupons.BatchCreateCoupons, &couponv1.BatchCreateCouponsRequest{}, `{"parent": "offers/-", "validate_only": true, "requests": [
		{"parent": "offers/10", "coupon": {"code": "NEW1", "publisher": "publishers/22"}},
		{"parent": "offers/11", "coupon": {"code": "NEW1", "publisher": "publishers/22"}},
		{"parent": "offers/-", "coupon": {"code": "NEW1", "publisher": "publishers/22"}},
		{"coupon": {"code": "NEW1", "publisher": "publishers/22"}}]}`)
	var reasons []string
	for _, r := range got.GetResults() {
		reasons = append(reasons, r.GetFault().GetReason())
	}
	if strings.Join(reasons, " ") != " OFFER_NOT_FOUND INVALID_NAME INVALID_NAME" || got.GetCreatedCount() != 1 {
		t.Errorf("%d created; got %q", got.GetCreatedCount(), reasons)
	}
	_, err := try(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, `{"name": "offers/10/coupons/22.NEW1"}`)
	refused(t, err, notFound, "COUPON_NOT_FOUND", "")
}

func TestRefusedBatches(t *testing.T) {
	s := withParties(t)
	batch := caller(t, s.coupons.BatchCreateCoupons)
	const row = `{"coupon": {"code": "NEW1", "publisher": "publishers/22"}}`
	refused(t, batch(`{"parent": "offers/10"}`), invalid, "INVALID_REQUESTS", "requests")
	refused(t, batch(`{"parent": "offers/10", "requests": [`+strings.Repeat(row+",", 1000)+row+`]}`), invalid, "INVALID_REQUESTS", "requests")
	refused(t, batch(`{"parent": "offers/10", "requests": [`+row+`, {"parent": "offers/11"}]}`), invalid, "INVALID_REQUESTS", "requests")
	refused(t, batch(`{"requests": [`+row+`]}`), invalid, "INVALID_NAME", "parent")
	refused(t, batch(`{"parent": "offers/10", "atomic": true, "requests": [`+row+`, {}]}`), apperr.FailedPrecondition, "BATCH_REFUSED", "")
	listed := call(t, s.coupons.ListCoupons, &couponv1.ListCouponsRequest{}, `{"parent": "offers/-"}`)
	if len(listed.GetCoupons()) != 0 {
		t.Errorf("refused batches left %v", listed)
	}
}

func TestGenerateCoupons(t *testing.T) {
	s := withParties(t)
	got := call(t, s.coupons.GenerateCoupons, &couponv1.GenerateCouponsRequest{}, `{"parent": "offers/10", "count": 3, "prefix": "sun", "length": 5,
		"coupon": {"publisher": "publishers/22", "internal_note": "cards", "usage_limit": 1}}`)
	listed := call(t, s.coupons.ListCoupons, &couponv1.ListCouponsRequest{}, `{"parent": "offers/10", "filter": "code = \"SUN*\""}`)
	if len(got.GetCodes()) != 3 || len(listed.GetCoupons()) != 3 {
		t.Fatalf("got %v and %v", got, listed)
	}
	for _, c := range listed.GetCoupons() {
		if len(c.GetCode()) != 8 || c.GetInternalNote() != "cards" || c.GetUsageLimit() != 1 || !c.GetEnabled() {
			t.Errorf("got %v", c)
		}
	}
	generate := caller(t, s.coupons.GenerateCoupons)
	const c = `"parent": "offers/10", "coupon": {"publisher": "publishers/22"}, `
	refused(t, generate(`{`+c+`"count": 0}`), invalid, "INVALID_COUNT", "count")
	refused(t, generate(`{`+c+`"count": 1, "length": 2}`), invalid, "INVALID_LENGTH", "length")
	refused(t, generate(`{`+c+`"count": 1, "prefix": "A B"}`), invalid, "INVALID_PREFIX", "prefix")
	refused(t, generate(`{"parent": "offers/10", "count": 1, "coupon": {"publisher": "publishers/22", "code": "X"}}`), invalid, "INVALID_CODE", "code")
	refused(t, generate(`{"parent": "offers/-", "count": 1, "coupon": {"publisher": "publishers/22"}}`), invalid, "INVALID_NAME", "parent")
	refused(t, generate(`{"parent": "offers/10", "count": 1}`), invalid, "INVALID_COUPON", "coupon")
	refused(t, generate(`{"parent": "offers/11", "count": 1, "coupon": {"publisher": "publishers/22"}}`), notFound, "OFFER_NOT_FOUND", "")
}
