package coupons_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func discountOf(t *testing.T, json string) *couponv1.Discount {
	t.Helper()
	d := &couponv1.Discount{}
	if err := protojson.Unmarshal([]byte(json), d); err != nil {
		t.Fatal(err)
	}
	return d
}

const fullDiscount = `{"percent": "12.5", "minimumAmount": [{"currencyCode": "EUR", "units": "50"}], "maximumDiscount": [{"currencyCode": "EUR", "units": "30", "nanos": 500000000}],
	"firstOrderOnly": true, "includedIds": ["shoes", "bags"], "excludedIds": ["gift"]}`

// TestDiscountsSurviveTheirForm checks that a stored discount is shown, and that saving the form as it is sends it again.
func TestDiscountsSurviveTheirForm(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon(func(c *couponv1.Coupon) { c.Discount = discountOf(t, fullDiscount) })}}
	b := consoletest.OpenShop(t, s, nil)
	const page = "/console/offers/10/coupons/22.SALEXYZ20"
	b.Get(page).Holds(t, http.StatusOK, "12.5 % off on selected products, from 50 EUR, at most 30.50 EUR, first order only",
		`name="discount" value="12.5"`, `name="discount.minimum_amount" value="50 EUR"`, `name="discount.maximum_discount" value="30.50 EUR"`,
		`name="discount.included_ids" value="shoes, bags"`, `name="discount.excluded_ids" value="gift"`)
	b.Get("/console/coupons").Holds(t, http.StatusOK, ">Discount<", "12.5 % off on selected products")
	b.Post(page, "start_time", "2026-11-22", "discount_kind", "percent", "discount", "12.5 %", "discount.minimum_amount", "50 eur", "discount.maximum_discount", "30.50 EUR",
		"discount.first_order_only", "on", "discount.included_ids", "shoes,bags", "discount.excluded_ids", "gift")
	if got := consoletest.Last[*couponv1.UpdateCouponRequest](t, s).GetCoupon().GetDiscount(); !proto.Equal(got, discountOf(t, fullDiscount)) {
		t.Errorf("sent %v", got)
	}
	b.Post(page, "start_time", "2026-11-22", "discount_kind", "none", "discount", "12.5")
	if got := consoletest.Last[*couponv1.UpdateCouponRequest](t, s).GetCoupon().GetDiscount(); got != nil {
		t.Errorf("sent %v, want none", got)
	}
}

func TestCreateCouponWithDiscount(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	form := []string{"code", "ABC", "offer", "10", "publisher", "22", "start_time", "2026-11-22", "discount_kind"}
	b.Post("/console/coupons/new", append(form, "fixed", "discount", "5 EUR, 6.50 USD")...)
	want := discountOf(t, `{"fixed": [{"currencyCode": "EUR", "units": "5"}, {"currencyCode": "USD", "units": "6", "nanos": 500000000}]}`)
	if got := consoletest.Last[*couponv1.CreateCouponRequest](t, s).GetCoupon().GetDiscount(); !proto.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	b.Post("/console/coupons/new", append(form, "free")...)
	if got := consoletest.Last[*couponv1.CreateCouponRequest](t, s).GetCoupon().GetDiscount(); !proto.Equal(got, discountOf(t, `{"freeShipping": true}`)) {
		t.Errorf("sent %v", got)
	}
	b.Post("/console/coupons/new", append(form, "percent", "discount.minimum_amount", "50")...).Holds(t, http.StatusUnprocessableEntity,
		"Enter the percentage, such as 20", "is not an amount and its currency, such as 50 EUR")
	s.Refusal = consoletest.Refused(t, codes.InvalidArgument, "INVALID_DISCOUNT", "discount.percent", "it is over 100 percent", nil)
	b.Post("/console/coupons/new", append(form, "percent", "discount", "200")...).Holds(t, http.StatusUnprocessableEntity, `id="field-discount-error">It is over 100 percent.`)
}
