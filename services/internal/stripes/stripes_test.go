package stripes_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/couponlink/couponlink/services/internal/stripes"
)

// TestTake makes many goroutines take the same key, together with others in every order. No two have it at once, and
// none waits forever.
func TestTake(t *testing.T) {
	s := stripes.New()
	var holders, most atomic.Int32
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			keys := []string{"hot", fmt.Sprint(i), fmt.Sprint(31 - i), fmt.Sprint(i)}
			release, err := s.Take(t.Context(), keys[i%3:]...)
			if err != nil {
				t.Errorf("Take: %v", err)
				return
			}
			if i%3 == 0 { // keys include "hot"
				most.Store(max(most.Load(), holders.Add(1)))
				holders.Add(-1)
			}
			release()
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d had one key at once", most.Load())
	}
}

func TestTakeEndsWithItsCaller(t *testing.T) {
	s := stripes.New()
	release, err := s.Take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Take(ctx, "b", "a", "c"); !errors.Is(err, context.Canceled) {
		t.Errorf("Take of what another has: %v, want the context's error", err)
	}
	release()
	if _, err := s.Take(t.Context(), "a", "b", "c"); err != nil {
		t.Errorf("Take of what was given back: %v", err)
	}
}
