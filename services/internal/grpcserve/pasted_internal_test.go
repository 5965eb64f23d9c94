package grpcserve

import (
	"testing"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

func TestTrimmerReachesEveryText(t *testing.T) {
	req := &couponv1.BatchCreateCouponsRequest{
		Parent: "offers/10\u200B",
		Requests: []*couponv1.CreateCouponRequest{
			{Parent: " offers/10", Coupon: &couponv1.Coupon{Code: "\uFEFFA\u200Bb", SharedWith: []string{"\u2060x", "y"}}},
			{Coupon: &couponv1.Coupon{InternalNote: "two\nlines"}},
		},
	}
	want := &couponv1.BatchCreateCouponsRequest{
		Parent: "offers/10",
		Requests: []*couponv1.CreateCouponRequest{
			{Parent: "offers/10", Coupon: &couponv1.Coupon{Code: "A\u200Bb", SharedWith: []string{"x", "y"}}},
			{Coupon: &couponv1.Coupon{InternalNote: "two\nlines"}},
		},
	}
	new(trimmer).request(req)
	if !proto.Equal(req, want) {
		t.Errorf("got %v, want %v", req, want)
	}
}

func BenchmarkTrimmer(b *testing.B) {
	req := &couponv1.ValidateCouponRequest{Code: "SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22"}
	var trim trimmer
	b.ReportAllocs()
	for b.Loop() {
		trim.request(req)
	}
}
