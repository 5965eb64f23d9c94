package attribution

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Once makes a change of a conversion once for each request id.
type Once struct {
	Call idempotency.Call
	// Answer returns the response to the change, to be stored with it.
	Answer func(domain.Conversion) (string, error)
}

// Made is the error of a change that was made before with the same request id.
type Made struct {
	// Answer is the response of that time.
	Answer string
}

func (*Made) Error() string { return "the same change was made before" }

// Repeated returns the response to a call that was made before; found is false if it was not. Errors: AlreadyExists
// (IDEMPOTENCY_KEY_REUSED).
func (s *Service) Repeated(ctx context.Context, call idempotency.Call) (answer string, found bool, err error) {
	return s.store.Repeated(ctx, call)
}
