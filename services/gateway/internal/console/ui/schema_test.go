package ui

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

func aSchema() Schema[couponv1.Coupon] {
	settings := func(c *couponv1.Coupon) *couponv1.CouponSettings {
		if c.Settings == nil {
			c.Settings = &couponv1.CouponSettings{}
		}
		return c.Settings
	}
	return Schema[couponv1.Coupon]{
		{Title: "One", Properties: []Property[couponv1.Coupon]{
			Shown[couponv1.Coupon](Field{Name: "id"}),
			Text(Field{Name: "code"}, func(c *couponv1.Coupon) *string { return &c.Code }),
			Text(Field{Name: "internal_note", Kind: "textarea"}, func(c *couponv1.Coupon) *string { return &c.InternalNote }),
			Count(Field{Name: "usage_limit"}, func(c *couponv1.Coupon) *int64 { return &c.UsageLimit }),
			Checkbox(Field{Name: "enabled"}, (*couponv1.Coupon).GetEnabled, func(c *couponv1.Coupon, is bool) { c.Enabled = &is }),
		}},
		{Title: "Two", Properties: []Property[couponv1.Coupon]{
			Select(Field{Name: "state"}, func(c *couponv1.Coupon) *couponv1.Coupon_State { return &c.State }),
			OptionalSelect(Field{Name: "precedence"}, func(c *couponv1.Coupon) **couponv1.Offer_Precedence { return &settings(c).Precedence }).In("settings"),
			Duration(WindowField(), func(c *couponv1.Coupon) **durationpb.Duration { return &settings(c).ClickWindow }).In("settings"),
			Payout("payout", "Payout", "None", func(url.Values) string { return "EUR" }, func(c *couponv1.Coupon) **couponv1.Payout { return &c.Payout }),
		}},
	}
}

// What is stored comes back as it was, through the values of its form.
func TestSchemaReadsWhatItWrote(t *testing.T) {
	s := aSchema()
	for _, stored := range []*couponv1.Coupon{
		{Enabled: proto.Bool(false), Settings: &couponv1.CouponSettings{}},
		{
			Code: "SALE", InternalNote: " two \n lines ", UsageLimit: 12, Enabled: proto.Bool(true), State: couponv1.Coupon_EXPIRED,
			Settings: &couponv1.CouponSettings{Precedence: couponv1.Offer_CLICK_FIRST.Enum(), ClickWindow: durationpb.New(36 * 3600e9)},
			Payout:   &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: "USD", Units: 7, Nanos: 500_000_000}}},
		},
	} {
		got, errs := s.Read(s.Values(proto.CloneOf(stored)))
		if len(errs) > 0 || !proto.Equal(got, stored) {
			t.Errorf("%v\ngot  %v\nwant %v", errs, got, stored)
		}
	}
}

func TestSchemaOfAForm(t *testing.T) {
	s := aSchema()
	if got := strings.Join(s.Mask().GetPaths(), " "); got != "code internal_note usage_limit enabled state settings payout" {
		t.Errorf("the mask is %s", got)
	}
	typed := url.Values{"code": {" A "}, "usage_limit": {"many"}, "click_window": {"x"}, "state": {"NOTHING"}, "payout_kind": {"fixed"}, "payout": {"y"}}
	groups := s.Groups(typed)
	if len(groups) != 2 || groups[1].Title != "Two" || len(groups[0].Fields) != 5 || groups[0].Fields[1].Value != " A " || groups[0].Fields[3].Value != "many" {
		t.Errorf("the form is %+v", groups)
	}
	read, errs := s.Read(typed)
	if got := slices.Sorted(maps.Keys(errs)); !slices.Equal(got, []string{"click_window", "payout", "usage_limit"}) || read.GetCode() != "A" || read.GetState() != 0 {
		t.Errorf("read is %v with errors %v", read, errs)
	}
}
