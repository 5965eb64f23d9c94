package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// callTimeout bounds one call to the server, unless the context (WithLimit) or the URI (timeoutMS) says otherwise. The
// server knows it and gives up too.
const callTimeout = 5 * time.Second

var (
	// errAway is the error of a call that ended because the gate was shut; errSlow, of one that took too long.
	errAway = errors.New("no server takes writes")
	errSlow = errors.New("the server did not answer in time")
)

// limitKey is the context key of a limit.
type limitKey struct{}

// WithLimit returns a context that lets each call take limit instead of 5 seconds: for an export or a migration.
func WithLimit(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, limitKey{}, limit)
}

// begin begins a call to the server. It returns the call's context, and end. When the call is over, the caller must
// call end with the call's error, which may be nil; end returns that error, with the reason if begin's bound ended the
// call. If no server is known to be there, begin returns errAway at once.
func (db *DB) begin(ctx context.Context) (bounded context.Context, end func(error) error, err error) {
	limit, ok := ctx.Value(limitKey{}).(time.Duration)
	if !ok {
		limit = db.limit
	}
	return db.beginWithin(ctx, limit)
}

// beginWithin is begin with a limit.
func (db *DB) beginWithin(ctx context.Context, limit time.Duration) (bounded context.Context, end func(error) error, err error) {
	timed, cancelTimer := context.WithTimeoutCause(ctx, limit, errSlow)
	bounded, cancel := context.WithCancelCause(timed)
	leave, ok := db.gate.pass(func() { cancel(errAway) })
	if !ok {
		cancel(nil)
		cancelTimer()
		return nil, nil, errAway
	}
	return bounded, func(err error) error {
		leave()
		cause := context.Cause(bounded)
		cancel(nil)
		cancelTimer()
		if err != nil && ctx.Err() == nil && (errors.Is(cause, errAway) || errors.Is(cause, errSlow)) {
			return fmt.Errorf("%w: %w", cause, err)
		}
		return err
	}, nil
}
