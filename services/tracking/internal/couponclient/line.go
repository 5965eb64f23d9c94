package couponclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// probeInterval is the pause between two queries to a coupon service that hangs.
const probeInterval = 250 * time.Millisecond

// line tracks the state of the coupon service. It is a circuit breaker that goes by time instead of counts: one
// query that times out means that the coupon service hangs, unless another one was answered meanwhile. While
// it hangs, no request waits for it; only Watch sends queries.
type line struct {
	// hangs holds a token once the coupon service hangs.
	hangs chan struct{}

	mu sync.Mutex
	// answers counts the queries that were answered.
	answers uint64
	// failedAt is the time of the last failure; zero once a query is answered again.
	failedAt time.Time
	// again repeats the query that timed out; nil unless the coupon service hangs.
	again func(context.Context)
}

func newLine() *line { return &line{hangs: make(chan struct{}, 1)} }

// errHung returns the error for a query that is not sent because the coupon service hangs.
func errHung() error {
	return away().Because(errors.New("it did not answer the last question in time"))
}

func (l *line) answersSoFar() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers
}

// answered notes that a query was answered, even if with an error.
func (l *line) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers++
	l.failedAt, l.again = time.Time{}, nil
}

// failed notes that a query failed at once.
func (l *line) failed(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failedAt = now
}

// timedOut notes a query that was not answered in time. before is answersSoFar from when it was sent.
func (l *line) timedOut(now time.Time, before uint64, again func(context.Context)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failedAt = now
	if l.answers != before || l.again != nil {
		return
	}
	l.again = again
	select {
	case l.hangs <- struct{}{}:
	default:
	}
}

// failedSince reports whether the last query failed, at t or later.
func (l *line) failedSince(t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failedAt.After(t)
}

// isHung reports whether the coupon service hangs.
func (l *line) isHung() bool { return l.unanswered() != nil }

// unanswered returns a function that repeats the query that timed out; nil unless the coupon service hangs.
func (l *line) unanswered() func(context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again
}

// Watch probes a coupon service that hangs until it answers, so that no request has to. It calls changed with
// true when the coupon service hangs, and with false when it answers again. It returns when ctx ends.
func (c *Client) Watch(ctx context.Context, after func(time.Duration) <-chan time.Time, changed func(isHung bool)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.line.hangs:
		}
		changed(true)
		for again := c.line.unanswered(); again != nil; again = c.line.unanswered() {
			again(ctx)
			select {
			case <-ctx.Done():
				return
			case <-after(probeInterval):
			}
		}
		changed(false)
	}
}
