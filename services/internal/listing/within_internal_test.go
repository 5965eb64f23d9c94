package listing

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := within(t.Context(), time.Minute, func(context.Context) error { return broken }); err != broken { //nolint:errorlint // unchanged
		t.Errorf("a read that fails: %v", err)
	}
	err := within(t.Context(), time.Millisecond, func(ctx context.Context) error {
		<-ctx.Done()
		return broken
	})
	if e := apperr.As(err); e == nil || e.Reason != "READ_TOO_SLOW" {
		t.Errorf("a read that takes too long: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := within(gone, time.Minute, func(context.Context) error { return broken }); err != broken { //nolint:errorlint // unchanged
		t.Errorf("a read whose caller has gone: %v", err)
	}
}
