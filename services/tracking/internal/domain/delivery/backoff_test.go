package delivery_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

func TestRetryPause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n       int
		random  float64
		atLeast time.Duration
		want    time.Duration
	}{
		{1, 0.5, 0, time.Second},
		{1, 0, 0, 800 * time.Millisecond},
		{2, 0.5, 0, 2500 * time.Millisecond},
		{3, 0.5, 0, 6250 * time.Millisecond},
		{30, 0.5, 0, 20 * time.Hour},
		{1, 0.5, time.Minute, time.Minute},
		{1, 0.5, 48 * time.Hour, 24 * time.Hour},
		{1, 0.5, -time.Hour, time.Second},
	} {
		if got := delivery.RetryPause(c.n, c.random, c.atLeast); got != c.want {
			t.Errorf("RetryPause(%d, %g, %v) = %v, want %v", c.n, c.random, c.atLeast, got, c.want)
		}
	}
}

func TestRetryPauseProperties(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100_000).Draw(t, "n")
		random := rapid.Float64Range(0, 0.999999).Draw(t, "random")
		middle := delivery.RetryPause(n, 0.5, 0)
		pause := delivery.RetryPause(n, random, 0)
		if pause < 0 || pause > 24*time.Hour {
			t.Fatalf("the pause after failure %d is %v", n, pause)
		}
		if off := float64(pause-middle) / float64(middle); off < -0.21 || off > 0.21 {
			t.Fatalf("the pause %v is %.0f %% off %v", pause, 100*off, middle)
		}
		if next := delivery.RetryPause(n+1, 0.5, 0); next < middle {
			t.Fatalf("the pause after failure %d is %v, and after the next %v", n, middle, next)
		}
	})
}

// TestFailuresComeToAnEnd lets a delivery fail until it is given up: within three days, after a good
// number of tries, and with the last of them kept.
func TestFailuresComeToAnEnd(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		first := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		d := delivery.Delivery{ID: "c-0-22", State: delivery.Due, DueTime: first, FirstDueTime: first}
		now := first
		tries := 0
		for d.State == delivery.Due {
			now = d.DueTime.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "late")) * time.Millisecond)
			before := d
			asked := time.Duration(rapid.IntRange(0, 3*3600).Draw(t, "asked")) * time.Second
			d = d.Failed(delivery.Attempt{Time: now, HTTPStatus: 500}, delivery.RetryPause(d.AttemptCount+1, rapid.Float64Range(0, 0.99).Draw(t, "random"), asked), now)
			if tries++; d.AttemptCount != tries || len(d.Attempts) != min(tries, 20) || !d.Attempts[len(d.Attempts)-1].Time.Equal(now) {
				t.Fatalf("after %d tries there are %d, with %d kept", tries, d.AttemptCount, len(d.Attempts))
			}
			if len(before.Attempts) != min(tries-1, 20) {
				t.Fatal("the delivery before was changed")
			}
			if d.State == delivery.Due && d.DueTime.After(first.Add(72*time.Hour)) {
				t.Fatalf("due %v after the first time", d.DueTime.Sub(first))
			}
		}
		if d.State != delivery.Dead || !d.DueTime.IsZero() || !d.FinishTime.Equal(now) || tries < 10 {
			t.Fatalf("after %d tries: %+v", tries, d)
		}
	})
}

func TestReturnedDeliveryCountsNoAttempt(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	d := delivery.Delivery{ID: "c-0-22", State: delivery.Due, AttemptCount: 3, FirstDueTime: due.Add(-100 * time.Hour)}
	back := d.PutBack(due)
	if back.AttemptCount != 3 || back.State != delivery.Due || !back.DueTime.Equal(due) {
		t.Errorf("put back: %+v", back)
	}
	if dead := d.Failed(delivery.Attempt{}, 0, due); dead.State != delivery.Dead {
		t.Errorf("one that is too old is %s after a failure", dead.State)
	}
}

func TestTestDelivery(t *testing.T) {
	t.Parallel()
	macros, err := delivery.Test("22", domain.PayloadV1, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)).Macros()
	if err != nil {
		t.Fatal(err)
	}
	if macros.Event != "test" || macros.Status != "APPROVED" || macros.PubID != "22" || macros.ConversionID != "00000000000000000000000000000000" ||
		macros.Payout == "" || macros.Amount == "" {
		t.Errorf("the macros are %+v", macros)
	}
}
