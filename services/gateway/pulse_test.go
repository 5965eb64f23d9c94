package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
)

// aPulse returns a pulse with the given health check.
func aPulse(t *testing.T, feel func(context.Context) error) *pulse {
	t.Helper()
	p := newPulse(t.Context(), "tracking service", nil, quiet())
	p.feel = feel
	return p
}

// TestPulse: requests wait for a service that is slow, not for one that hangs, and go on once it answers.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		defer end()
		var hangs atomic.Bool
		var felt atomic.Int64
		p := newPulse(life, "tracking service", nil, quiet())
		p.feel = func(ctx context.Context) error {
			felt.Add(1)
			if hangs.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		held, release, err := p.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pulsePatience / 2)
		release()
		if held.Err() == nil || felt.Load() != 0 {
			t.Errorf("a quick request made the gateway ask %d times", felt.Load())
		}

		slow, release, _ := p.hold(t.Context())
		time.Sleep(time.Minute)
		if slow.Err() != nil {
			t.Fatalf("a slow request was ended: %v", context.Cause(slow))
		}
		hangs.Store(true)
		began := time.Now()
		waits, releaseOther, _ := p.hold(t.Context())
		<-waits.Done()
		<-slow.Done()
		if waited := time.Since(began); waited > 2*time.Second || !errors.Is(context.Cause(waits), errNoPulse) || !errors.Is(context.Cause(slow), errNoPulse) {
			t.Errorf("ended after %s by %v and %v", waited, context.Cause(waits), context.Cause(slow))
		}
		release()
		releaseOther()
		if _, _, err := p.hold(t.Context()); !errors.Is(err, errNoPulse) {
			t.Errorf("a request to a service that hangs: %v", err)
		}
		hangs.Store(false)
		time.Sleep(pulseTimeout + pulseInterval)
		again, release, err := p.hold(t.Context())
		if err != nil || again.Err() != nil {
			t.Errorf("once it answers: %v", err)
		}
		release()
		asked := felt.Load()
		time.Sleep(time.Minute)
		if n := felt.Load() - asked; n > 0 {
			t.Errorf("asked %d times though nobody waits", n)
		}
	})
}

// TestForwardToAServiceThatHangs: the caller gets 503 with a time to come back, and so does the next at once.
func TestForwardToAServiceThatHangs(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gone }))
	defer backend.Close()
	defer close(gone)
	h, closeIdle := forward(backend.Listener.Addr().String(), admission.Partner{}, aPulse(t, func(ctx context.Context) error {
		return context.DeadlineExceeded
	}), quiet())
	t.Cleanup(closeIdle)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/click?offer_id=1", nil))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Wait a minute") {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
	all.Wait()
}
