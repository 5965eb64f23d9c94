package mongostore

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// OpenExact is Open with a real server's windows, even on the embedded engine.
func OpenExact(ctx context.Context, uri string, o Options, opts ...mongodb.Option) (*Store, error) {
	return openAt(ctx, uri, o, opts...)
}
