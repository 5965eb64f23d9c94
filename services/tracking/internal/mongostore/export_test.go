package mongostore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// OpenAt is Open with a clock.
func OpenAt(ctx context.Context, uri string, o Options, clock func() time.Time, opts ...mongodb.Option) (*Store, error) {
	return openAt(ctx, uri, o, clock, opts...)
}
