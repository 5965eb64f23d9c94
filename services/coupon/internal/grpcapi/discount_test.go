package grpcapi

import (
	"slices"
	"strings"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// everyField is a discount with every field set.
const everyField = `"discount": {"percent": "12.5", "minimum_amount": [{"currency_code": "EUR", "units": "50"}, {"currency_code": "JPY", "units": "7000"}],
	"maximum_discount": [{"currency_code": "EUR", "units": "30", "nanos": 500000000}, {"currency_code": "JPY", "units": "4000"}],
	"first_order_only": true, "included_ids": ["shoes", "b-17"], "excluded_ids": ["gift cards"]}`

// TestUpdateDiscount changes the same coupon step by step.
func TestUpdateDiscount(t *testing.T) {
	s := withCoupon(t)
	for _, tc := range []struct{ name, request, want string }{
		{"set", `{"coupon": {` + everyField + `}}`, everyField},
		{"other fields leave it", `{"coupon": {"internal_note": "x"}}`, everyField},
		{"a part", `{"coupon": {"discount": {"percent": "20.0"}}}`, strings.Replace(everyField, "12.5", "20", 1)},
		{"a part by mask", `{"coupon": {"discount": {"percent": "12.50"}}, "update_mask": "discount.percent"}`, everyField},
		{"a list as a whole", `{"coupon": {"discount": {"included_ids": ["shoes", "b-17", "shoes"]}}}`, everyField},
		{
			"another kind replaces the percentage", `{"coupon": {"discount": {"fixed": [{"currency_code": "eur", "units": "5"}]}}}`,
			strings.Replace(everyField, `"percent": "12.5"`, `"fixed": [{"currency_code": "EUR", "units": "5"}]`, 1),
		},
		{
			"and by mask", `{"coupon": {"discount": {"free_shipping": true, "percent": "3"}}, "update_mask": "discount.freeShipping"}`,
			strings.Replace(everyField, `"percent": "12.5"`, `"free_shipping": true`, 1),
		},
		{"as a whole", `{"coupon": {"discount": {"percent": "100"}}, "update_mask": "discount"}`, `"discount": {"percent": "100"}`},
		{"a condition", `{"coupon": {"discount": {"first_order_only": true}}}`, `"discount": {"percent": "100", "first_order_only": true}`},
		{"a condition lifted", `{"coupon": {}, "update_mask": "discount.firstOrderOnly"}`, `"discount": {"percent": "100"}`},
		{"removed", `{"coupon": {}, "update_mask": "discount"}`, ""},
	} {
		t.Log(tc.name)
		req := strings.Replace(tc.request, `"coupon": {`, `"coupon": {"name": "offers/10/coupons/22.SALEXYZ20", `, 1)
		req = strings.Replace(req, `, }`, `}`, 1)
		got := call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{}, req)
		same(t, &couponv1.Coupon{Discount: got.GetDiscount()}, &couponv1.Coupon{}, "{"+tc.want+"}")
	}
}

func TestDiscountFaults(t *testing.T) {
	s := withCoupon(t)
	money := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"currency_code": "EUR", "units": "1"},`, n), ",")
	}
	ids := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") }
	for _, c := range [][2]string{
		{`{}`, "discount"},
		{`{"first_order_only": true}`, "discount"},
		{`{"percent": "5", "free_shipping": true}`, "discount"},
		{`{"percent": "0"}`, "discount.percent"},
		{`{"percent": "100.0001"}`, "discount.percent"},
		{`{"percent": "5.00001"}`, "discount.percent"},
		{`{"percent": "5%"}`, "discount.percent"},
		{`{"fixed": [{"currency_code": "EUR"}]}`, "discount.fixed"},
		{`{"fixed": [{"units": "1"}]}`, "discount.fixed"},
		{`{"fixed": [` + money(2) + `]}`, "discount.fixed"},
		{`{"fixed": [{"currency_code": "JPY", "nanos": 500000000}]}`, "discount.fixed"},
		{`{"percent": "5", "minimum_amount": [` + money(21) + `]}`, "discount.minimum_amount"},
		{`{"percent": "5", "maximum_discount": [{"currency_code": "EUR", "units":-1}]}`, "discount.maximum_discount"},
		{`{"percent": "5", "included_ids": ["a,b"], "excluded_ids": [""]}`, "discount.excluded_ids discount.included_ids"},
		{`{"percent": "5", "included_ids": ["a"], "excluded_ids": ["a"]}`, "discount.excluded_ids"},
		{`{"percent": "x", "fixed": [` + money(2) + `], "included_ids": [` + ids(2) + `, ""]}`, "discount discount.fixed discount.included_ids discount.percent"},
	} {
		discount, want := c[0], c[1]
		_, err := try(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {"code": "NEW", "publisher": "publishers/22", "discount": `+discount+`}}`)
		refused(t, err, apperr.InvalidArgument, "INVALID_DISCOUNT", "")
		var fields []string
		for _, v := range apperr.As(err).Violations {
			fields = append(fields, v.Field)
		}
		slices.Sort(fields)
		if got := strings.Join(fields, " "); got != want {
			t.Errorf("%s: violations on %s, want %s\n%v", discount, got, want, err)
		}
	}
}

func TestValidateBasket(t *testing.T) {
	s := withCoupon(t)
	call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{},
		`{"coupon": {"name": "offers/10/coupons/22.SALEXYZ20", "discount": {"percent": "20", "minimum_amount": [{"currency_code": "EUR", "units": "50"}]}}}`)
	validate := func(code, basket string) *couponv1.ValidateCouponResponse {
		got := call(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"code": "`+code+`", "basket": {"currency_code": "EUR", "lines": [`+basket+`]}}`)
		got.Coupon = nil
		return got
	}
	const shirt = `{"id": "shirt", "quantity": "2", "amount": {"units": "49", "nanos": 900000000}}`
	same(t, validate("SALEXYZ20", shirt+`,{"id": "socks", "amount": {"currency_code": "EUR", "units": "9", "nanos": 950000000}}`), &couponv1.ValidateCouponResponse{}, `{"valid": true, "discount": {
		"total": {"currency_code": "EUR", "units": "11", "nanos": 970000000}, "shipping": {"currency_code": "EUR"},
		"lines": [{"id": "shirt", "amount": {"currency_code": "EUR", "units": "9", "nanos": 980000000}}, {"id": "socks", "amount": {"currency_code": "EUR", "units": "1", "nanos": 990000000}}]}}`)
	same(t, validate("SALEXYZ20", shirt), &couponv1.ValidateCouponResponse{}, `{"reason": "BELOW_MINIMUM", "missing": {"currency_code": "EUR", "nanos": 100000000}}`)
	same(t, validate("NOBODYS", shirt), &couponv1.ValidateCouponResponse{}, `{"reason": "UNKNOWN_CODE"}`)

	// Another publisher's coupon with the code decides nothing as long as its discount is the same.
	const plain = `{"parent": "offers/10", "coupon": {"code": "SALEXYZ20", "publisher": "publishers/23"}}`
	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, plain)
	const both = `"candidates": ["offers/10/coupons/22.SALEXYZ20", "offers/10/coupons/23.SALEXYZ20"]`
	same(t, validate("SALEXYZ20", shirt), &couponv1.ValidateCouponResponse{}, `{"valid": true, "reason": "AMBIGUOUS_CODE", `+both+`}`)
	call(t, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{},
		`{"coupon": {"name": "offers/10/coupons/23.SALEXYZ20", "discount": {"percent": "20", "minimum_amount": [{"currency_code": "EUR", "units": "50"}]}}}`)
	same(t, validate("SALEXYZ20", shirt), &couponv1.ValidateCouponResponse{}, `{"reason": "BELOW_MINIMUM", "missing": {"currency_code": "EUR", "nanos": 100000000}, `+both+`}`)
	if got := validate("SALEXYZ20", shirt+","+shirt); got.GetDiscount().GetTotal().GetUnits() != 19 || !got.GetValid() || len(got.GetCandidates()) != 2 {
		t.Errorf("got %v", got)
	}

	_, err := try(t, s.coupons.ValidateCoupon, &couponv1.ValidateCouponRequest{}, `{"code": "SALEXYZ20", "basket": {"currency_code": "EUR", "lines": [{"id": "x"}]}}`)
	refused(t, err, apperr.InvalidArgument, "INVALID_BASKET", "basket.lines[0].amount")
}
