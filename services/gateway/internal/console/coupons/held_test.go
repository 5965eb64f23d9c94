package coupons_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// TestHeldUses checks what a coupon's page says of the uses that checkouts hold, and that a person can release them.
func TestHeldUses(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	const page = "/console/offers/10/coupons/22.SALEXYZ20"
	if a := b.Get(page); strings.Contains(a.Body, "Held for checkouts") {
		t.Error("the page of a coupon without reservations speaks of them")
	}
	s.AllHeld, s.Held = 1234, []*trackingv1.Reservation{{
		Name: "reservations/cart-7", TransactionId: consoletest.Hostile, State: trackingv1.Reservation_HELD,
		CreateTime: timestamppb.New(consoletest.CouponTime), ExpireTime: timestamppb.New(consoletest.CouponTime.Add(900e9)),
	}}
	b.Get(page).Holds(t, http.StatusOK, "Held for checkouts", "1,234 uses are held now.", "These are the 1 that end first.", "cart-7", "13:15", ">Release<", `name="reservation" value="cart-7"`)
	if got := consoletest.Last[*trackingv1.ListReservationsRequest](t, s); got.GetParent() != consoletest.CouponName {
		t.Errorf("asked for %v", got)
	}
	b.Post(page+"/release", "reservation", "cart-7").Holds(t, http.StatusSeeOther)
	if got := consoletest.Last[*trackingv1.ReleaseReservationRequest](t, s).GetName(); got != "reservations/cart-7" {
		t.Errorf("released %q", got)
	}
	s.Refusal = consoletest.Refused(t, codes.FailedPrecondition, "RESERVATION_TAKEN", "", "it was taken by conversions/x", nil)
	b.Post(page+"/release", "reservation", "cart-7").Holds(t, http.StatusConflict, "taken by conversions/x")
	s.Summary = errors.New("away")
	b.Get(page).Holds(t, http.StatusOK, "The uses that checkouts hold cannot be read now.")
}
