// Package doorlog logs the calls that are refused at a door: wrong keys, tokens and signatures, failed logins, and
// callers who were told to wait. It logs a sample, so that an attack does not fill the disk, and no secrets.
//
// The packages that check callers import it; it imports none of ours.
package doorlog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Each event has an allowance of lines: these at once, and then one in each interval.
const (
	burst    = 20
	interval = time.Second
)

// Event is why a call was refused.
type Event string

// These are the events.
const (
	WrongKey       Event = "WRONG_KEY"
	FailedLogin    Event = "FAILED_LOGIN"
	LoginThrottled Event = "LOGIN_THROTTLED"
	// WrongProof is a postback with a wrong token or signature.
	WrongProof Event = "WRONG_PROOF"
	// PostbackThrottled is a postback of a client that sent too many without proof, or with a wrong one.
	PostbackThrottled Event = "POSTBACK_THROTTLED"
)

// Log writes one line for a refused call. It is safe for concurrent use.
type Log struct {
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	events map[Event]*sample
}

// sample is the state of one event.
type sample struct {
	allowance *rate.Limiter
	// unlogged is how many were not logged since the last line.
	unlogged int
}

// New returns a Log that writes to log.
func New(log *slog.Logger, now func() time.Time) *Log {
	return &Log{log: log, now: now, events: map[Event]*sample{}}
}

// Refused logs that a client's call was refused. The line says how many lines of the same event were left out before
// it. more must hold no secrets.
func (l *Log) Refused(ctx context.Context, event Event, client string, more ...slog.Attr) {
	unlogged, ok := l.take(event)
	if !ok {
		return
	}
	attrs := append([]slog.Attr{slog.String("event", string(event)), slog.String("client", client)}, more...)
	if unlogged > 0 {
		attrs = append(attrs, slog.Int("unlogged", unlogged))
	}
	l.log.LogAttrs(ctx, slog.LevelWarn, "a call was refused", attrs...)
}

// take takes one line from an event's allowance. It returns how many were left out before.
func (l *Log) take(event Event) (unlogged int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.events[event]
	if s == nil {
		s = &sample{allowance: rate.NewLimiter(rate.Every(interval), burst)}
		l.events[event] = s
	}
	if !s.allowance.AllowN(l.now(), 1) {
		s.unlogged++
		return 0, false
	}
	unlogged, s.unlogged = s.unlogged, 0
	return unlogged, true
}
