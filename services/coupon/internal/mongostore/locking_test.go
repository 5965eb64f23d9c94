package mongostore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// TestOneAtATime checks that each change that locks an offer in the database waits while another change in
// this process has the lock. Conflicts in the database are then only with other processes.
func TestOneAtATime(t *testing.T) {
	s, err := Open(t.Context(), mongotest.URI(t), mongotest.Options()...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	release, err := s.turn(t.Context(), "10")
	if err != nil {
		t.Fatal(err)
	}
	coupon := domain.Coupon{Offer: "10", Publisher: "22", Code: "SALE20"}
	for name, change := range map[string]func(context.Context) error{
		"a create": func(ctx context.Context) error {
			_, err := s.CreateCoupon(ctx, "10", "22", "SALE20", nil)
			return err
		},
		"a create of many": func(ctx context.Context) error {
			_, err := s.CreateCoupons(ctx, []domain.Coupon{{Offer: "11"}, coupon}, nil)
			return err
		},
		"a change that widens a hold": func(ctx context.Context) error {
			_, err := s.replaceMoved(ctx, coupon, coupon)
			return err
		},
		"a change of the offer": func(ctx context.Context) error {
			_, err := s.UpdateOffer(ctx, "10", nil)
			return err
		},
	} {
		ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := change(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s while another has its turn: %v, want that it waits until its caller leaves", name, err)
		}
		leave()
	}
	release()
	if _, err := s.turn(t.Context(), "10", "11"); err != nil {
		t.Errorf("the turn after all: %v", err)
	}
}
