package calls_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

var start = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func service(t *testing.T) *calls.Service {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return calls.New(store, func() time.Time { return start })
}

func call(hash string) idempotency.Call {
	return idempotency.Call{Caller: "adminKey", ID: "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47", Hash: hash, Time: start}
}

// TestRemember makes one call many times at once. It is made once, and a repetition waits for its answer.
func TestRemember(t *testing.T) {
	t.Parallel()
	s := service(t)
	var all sync.WaitGroup
	made := 0 // the calls run one after another
	for range 20 {
		all.Go(func() {
			answer, err := s.Remember(t.Context(), call("a"), func(context.Context) (string, error) {
				made++
				time.Sleep(20 * time.Millisecond)
				return fmt.Sprint("answer ", made), nil
			})
			if err != nil || answer != "answer 1" {
				t.Errorf("the answer is %q, %v", answer, err)
			}
		})
	}
	all.Wait()
	_, err := s.Remember(t.Context(), call("b"), func(context.Context) (string, error) { made++; return "", nil })
	if e := apperr.As(err); e == nil || e.Reason != "IDEMPOTENCY_KEY_REUSED" || made != 1 {
		t.Errorf("another request with the id: %v; %d calls were made", err, made)
	}
}

func TestRememberOnlyWhatSucceeds(t *testing.T) {
	t.Parallel()
	s := service(t)
	failure := errors.New("failure")
	if _, err := s.Remember(t.Context(), call("a"), func(context.Context) (string, error) { return "", failure }); !errors.Is(err, failure) {
		t.Errorf("the error is %v, want the call's own", err)
	}
	// The answer is stored even if its caller has left.
	ctx, leave := context.WithCancel(t.Context())
	if answer, err := s.Remember(ctx, call("b"), func(context.Context) (string, error) { leave(); return "b", nil }); err != nil || answer != "b" {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	if answer, err := s.Remember(t.Context(), call("b"), func(context.Context) (string, error) { return "again", nil }); err != nil || answer != "b" {
		t.Errorf("the second answer is %q, %v", answer, err)
	}
}

// TestRememberWaitsNoLongerThanItsCaller: a repetition's caller leaves before the first call is done.
func TestRememberWaitsNoLongerThanItsCaller(t *testing.T) {
	t.Parallel()
	s := service(t)
	begun, end := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		_, _ = s.Remember(t.Context(), call("a"), func(context.Context) (string, error) { close(begun); <-end; return "a", nil })
	})
	<-begun
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Remember(ctx, call("a"), func(context.Context) (string, error) { t.Error("it was made twice"); return "", nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	close(end)
	first.Wait()
}
