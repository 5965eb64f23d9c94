package couponclient_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
)

// watch runs Watch until the test ends, and returns what it says.
func watch(t *testing.T, c *couponclient.Client) <-chan bool {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	changes := make(chan bool, 10)
	var running sync.WaitGroup
	soon := func(time.Duration) <-chan time.Time { return time.After(time.Millisecond) }
	running.Go(func() { c.Watch(ctx, soon, func(isHung bool) { changes <- isHung }) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return changes
}

// TestAHungCouponServiceCostsNothing: once one question had no answer, nobody waits, with or without an answer
// in memory, until the coupon service answers again.
func TestAHungCouponServiceCostsNothing(t *testing.T) {
	t.Parallel()
	service := &couponService{}
	service.code.Store("held")
	c, clock := start(t, service)
	changes := watch(t, c)
	codeOf(t, c)
	clock.advance(time.Minute)
	service.hangs.Store(true)
	began := time.Now()
	if got := codeOf(t, c); got != "held" {
		t.Errorf("got %q", got)
	}
	if waited := time.Since(began); waited > 900*time.Millisecond {
		t.Errorf("the first request waited %s although memory has an answer", waited)
	}
	if isHung := <-changes; !isHung {
		t.Fatal("it is not said that the coupon service hangs")
	}
	asked := service.asked.Load()
	for range 100 {
		clock.advance(2 * time.Second) // failures that are long past do not matter
		if got := codeOf(t, c); got != "held" {
			t.Errorf("got %q", got)
		}
		if _, err := c.Coupons(t.Context(), "10", "COLD"); !apperr.Is(err, apperr.Unavailable) {
			t.Errorf("not in memory: got error %v, want Unavailable", err)
		}
		if _, err := c.LatestOffer(t.Context(), "10"); !apperr.Is(err, apperr.Unavailable) {
			t.Errorf("past memory: got error %v, want Unavailable", err)
		}
	}
	if n := service.asked.Load() - asked; n > 3 {
		t.Errorf("requests asked a coupon service that hangs %d times", n)
	}
	service.code.Store("back")
	service.hangs.Store(false)
	if isHung := <-changes; isHung {
		t.Fatal("it is not said that the coupon service answers")
	}
	if got := codeOf(t, c); got != "back" {
		t.Errorf("once it answers: got %q", got)
	}
}

// TestOneLostQuestionIsNoOutage: the coupon service answers others, so it does not hang.
func TestOneLostQuestionIsNoOutage(t *testing.T) {
	t.Parallel()
	service := &couponService{}
	c, _ := start(t, service)
	service.hangs.Store(true)
	lost := make(chan error)
	go func() {
		_, err := c.Coupons(t.Context(), "10", "LOST")
		lost <- err
	}()
	for service.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := c.Offer(t.Context(), "10"); err != nil {
		t.Fatal(err)
	}
	if err := <-lost; !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("got error %v, want Unavailable", err)
	}
	service.hangs.Store(false)
	if _, err := c.Coupons(t.Context(), "10", "OTHER"); err != nil {
		t.Errorf("the next question: %v", err)
	}
}

// TestAFailureIsRememberedFromWhenItWasSeen: a question that took long to fail counts from its end.
func TestAFailureIsRememberedFromWhenItWasSeen(t *testing.T) {
	t.Parallel()
	service := &couponService{hold: make(chan struct{})}
	service.code.Store("held")
	c, clock := start(t, service)
	codeOf(t, c)
	clock.advance(time.Minute)
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		_, _ = c.Offer(t.Context(), "10") // hangs, and fails after askTimeout
	}()
	for service.asked.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	clock.advance(5 * time.Second)
	if _, err := c.Coupons(t.Context(), "10", "OTHER"); err != nil { // so that it does not hang
		t.Fatal(err)
	}
	<-failed
	asked := service.asked.Load()
	clock.advance(900 * time.Millisecond)
	if got := codeOf(t, c); got != "held" || service.asked.Load() != asked {
		t.Errorf("got %q, asked %d times within a second after the failure was seen", got, service.asked.Load()-asked)
	}
	close(service.hold)
}

// TestTheLatestOffer: it is asked for after the call, and many calls share a question.
func TestTheLatestOffer(t *testing.T) {
	t.Parallel()
	service := &couponService{}
	service.token.Store("old")
	c, _ := start(t, service)
	if _, err := c.Offer(t.Context(), "10"); err != nil {
		t.Fatal(err)
	}
	service.token.Store("new")
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if o, err := c.LatestOffer(t.Context(), "10"); err != nil || o.Credentials.Token != "new" {
				t.Errorf("got %q, %v", o.Credentials.Token, err)
			}
		})
	}
	all.Wait()
	if n := service.asked.Load(); n > 20 {
		t.Errorf("100 calls at once asked %d times", n)
	}
	if o, err := c.Offer(t.Context(), "10"); err != nil || o.Credentials.Token != "new" {
		t.Errorf("memory did not learn it: %q, %v", o.Credentials.Token, err)
	}
}
