package couponclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// probeInterval is the pause between two questions to a coupon service that hangs.
const probeInterval = 250 * time.Millisecond

// line is what the questions of a client show of the coupon service. It is a circuit breaker that goes by
// time instead of counts: one question without an answer says that the coupon service hangs, unless
// another one was answered meanwhile. While it hangs, no request waits for it; Watch alone asks.
type line struct {
	// hangs holds a token once the coupon service hangs.
	hangs chan struct{}

	mu sync.Mutex
	// answers counts the questions that were answered.
	answers uint64
	// failedAt is when the last failure was seen; zero once a question is answered again.
	failedAt time.Time
	// again asks the question that was not answered; nil unless the coupon service hangs.
	again func(context.Context)
}

func newLine() *line { return &line{hangs: make(chan struct{}, 1)} }

// errHung is the error of a question that is not asked.
func errHung() error {
	return away().Because(errors.New("it did not answer the last question in time"))
}

func (l *line) answersSoFar() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers
}

// answered notes that a question was answered, if only by a refusal.
func (l *line) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers++
	l.failedAt, l.again = time.Time{}, nil
}

// failed notes that a question failed at once.
func (l *line) failed(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failedAt = now
}

// timedOut notes a question that was not answered in time. before is answersSoFar from when it was asked.
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

// failedSince reports whether the last question failed, at t or later.
func (l *line) failedSince(t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failedAt.After(t)
}

// isHung reports whether the coupon service hangs.
func (l *line) isHung() bool { return l.unanswered() != nil }

// unanswered returns what asks the unanswered question again; nil unless the coupon service hangs.
func (l *line) unanswered() func(context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again
}

// Watch asks a coupon service that hangs again and again until it answers, so that requests need not. It
// calls changed with true when the coupon service hangs, and with false when it answers again. It returns
// when ctx ends.
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
