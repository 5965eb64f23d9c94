package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// callTimeout bounds one call to the server, unless the context says otherwise (WithLimit) or the URI does
// (timeoutMS). The server is told, so that it gives up too.
const callTimeout = 5 * time.Second

var (
	// errAway is why a call ended when the gate was shut; errSlow, when its time was over.
	errAway = errors.New("no server takes writes")
	errSlow = errors.New("the server did not answer in time")
)

// limitKey is the key of a context's limit.
type limitKey struct{}

// WithLimit returns a context whose calls may each take as long as limit: an export, a migration. Other calls may
// take 5 seconds.
func WithLimit(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, limitKey{}, limit)
}

// begin begins a call to the server. It returns the call's context, and end, which the caller calls with the
// call's error, nil included, when it is over: it returns the error with what ended the call. If no server is known
// to be there the error is errAway at once.
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
