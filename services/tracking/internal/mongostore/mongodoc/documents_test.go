package mongodoc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// A write that takes too long is the storage's fault, and not the caller's, whose own time is not up.
func TestWithin(t *testing.T) {
	err := mongodoc.Within(t.Context(), func(ctx context.Context) error {
		deadline, bounded := ctx.Deadline()
		if left := time.Until(deadline); !bounded || left > mongodoc.WriteTimeout {
			t.Errorf("a write may take %v", left)
		}
		return context.DeadlineExceeded
	})
	if !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("after our time: %v, want Unavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.DeadlineExceeded) || apperr.As(err) != nil {
		t.Errorf("after the caller's time: %v, want its context's error", err)
	}
}
