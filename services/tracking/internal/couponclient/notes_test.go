package couponclient_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// disk is an AnswerStore in memory, whose first write fails.
type disk struct {
	mu      sync.Mutex
	failed  bool
	writes  int
	answers map[string]domain.CouponAnswer
}

func (d *disk) KeepAnswers(_ context.Context, answers []domain.CouponAnswer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.failed {
		d.failed = true
		return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "the disk is full")
	}
	d.writes++
	for _, a := range answers {
		if a.Body == nil {
			delete(d.answers, a.Kind+a.Key)
		} else {
			d.answers[a.Kind+a.Key] = a
		}
	}
	return nil
}

func (d *disk) Answers(_ context.Context, kind string, since time.Time, _ int) ([]domain.CouponAnswer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []domain.CouponAnswer
	for _, a := range d.answers {
		if a.Kind == kind && !a.Time.Before(since) {
			found = append(found, a)
		}
	}
	return found, nil
}

func (d *disk) PruneAnswers(context.Context, string, time.Time, int) error { return nil }

// keeping runs Keep until the answers that arrived meanwhile are stored.
func keeping(t *testing.T, c *couponclient.Client, d *disk, learn func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	passed := func(time.Duration) <-chan time.Time {
		soon := make(chan time.Time, 1)
		soon <- time.Time{}
		return soon
	}
	running.Go(func() { c.Keep(ctx, d, passed, func(error) {}) })
	learn()
	stop()
	running.Wait()
}

func TestAnswersOutlastARestart(t *testing.T) {
	service, kept := &couponService{}, &disk{answers: map[string]domain.CouponAnswer{}, failed: true}
	service.code.Store("first")
	before, clock := start(t, service)
	keeping(t, before, kept, func() {
		codeOf(t, before)
		if _, err := before.Offer(t.Context(), "10"); err != nil {
			t.Fatal(err)
		}
	})
	service.fails.Store(true)
	again := func() *couponclient.Client {
		c, later := start(t, service)
		later.nanos.Store(clock.nanos.Load())
		if err := c.Recall(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		return c
	}
	clock.advance(59 * time.Minute)
	if got := codeOf(t, again()); got != "first" {
		t.Errorf("after a restart: got %q", got)
	}
	clock.advance(2 * time.Minute)
	if _, err := again().Coupons(t.Context(), "10", "salexyz20"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("after an hour and a restart: %v, want Unavailable", err)
	}
	clock.advance(-2 * time.Hour)
	if _, err := again().Coupons(t.Context(), "10", "salexyz20"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("from the future: %v, want Unavailable", err)
	}
}

func TestWhatIsGoneIsNotKept(t *testing.T) {
	service, kept := &couponService{}, &disk{answers: map[string]domain.CouponAnswer{}}
	service.code.Store("first")
	c, clock := start(t, service)
	keeping(t, c, kept, func() { codeOf(t, c) })
	keeping(t, c, kept, func() {
		clock.advance(time.Minute)
		codeOf(t, c)
	})
	if len(kept.answers) != 1 || kept.writes != 1 {
		t.Errorf("%d answers are kept in %d writes; want one of each: the first failed, the last brought nothing new", len(kept.answers), kept.writes)
	}
	keeping(t, c, kept, func() {
		clock.advance(6 * time.Minute)
		codeOf(t, c)
	})
	times := make([]time.Time, 0, 1)
	for _, a := range kept.answers {
		times = append(times, a.Time)
	}
	if want := []time.Time{clock.now().UTC()}; !slices.Equal(times, want) {
		t.Errorf("kept of %v, want %v", times, want)
	}
	service.code.Store("")
	keeping(t, c, kept, func() {
		clock.advance(time.Minute)
		codeOf(t, c)
	})
	if len(kept.answers) != 0 {
		t.Errorf("%v are kept of a code that is gone", kept.answers)
	}
}
