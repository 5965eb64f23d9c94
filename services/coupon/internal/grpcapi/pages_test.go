package grpcapi

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

// TestListOfLongNotes reads a list whose page would exceed what gRPC clients accept if it had the requested
// size.
func TestListOfLongNotes(t *testing.T) {
	s := withParties(t)
	batch := &couponv1.BatchCreateCouponsRequest{Parent: "offers/10"}
	for n := range 300 {
		batch.Requests = append(batch.Requests, &couponv1.CreateCouponRequest{Coupon: &couponv1.Coupon{
			Code: fmt.Sprintf("LONG%03d", n), Publisher: "publishers/22", InternalNote: strings.Repeat("€", 2000),
		}})
	}
	if _, err := s.coupons.BatchCreateCoupons(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	req, pages := &couponv1.ListCouponsRequest{Parent: "offers/10", PageSize: 1000}, 0
	for {
		page, err := s.coupons.ListCoupons(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		if size := proto.Size(page); size > resourcepage.MaxBytes+1000 {
			t.Errorf("page %d has %d bytes", pages, size)
		}
		for _, c := range page.GetCoupons() {
			found[c.GetCode()] = true
		}
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if len(found) != len(batch.GetRequests()) || pages != 2 {
		t.Errorf("%d pages have %d of %d coupons", pages, len(found), len(batch.GetRequests()))
	}
}
