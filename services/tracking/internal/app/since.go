package app

import (
	"context"
	"time"
)

type sinceKey struct{}

// AsOf returns a context in which a CouponClient answers by what was asked for at t or later, and not at all
// rather than by what it remembers from before: for what is decided right after somebody has mended its
// cause.
func AsOf(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, sinceKey{}, t)
}

// Since returns AsOf's time, zero where there is none: then memory will do.
func Since(ctx context.Context) time.Time {
	t, _ := ctx.Value(sinceKey{}).(time.Time)
	return t
}
