package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// awaitPause is the pause between two attempts.
	awaitPause = time.Second
	// awaitReminder is how often the log repeats what is missing.
	awaitReminder = 5 * time.Minute
	// standInDelay is how long callers wait to be served before stand-ins answer them.
	standInDelay = time.Second
	// standInStop bounds the end of the stand-ins.
	standInStop = time.Second
)

// Await opens what a process needs before it can serve, such as a database. While open fails with a temporary
// error, such as a database that is not up yet, Await retries without a time limit. It logs what is missing, once
// and then rarely, and serves standIns, which tell callers that the process is not ready. It also serves them while
// open takes long, as when it updates a database's schema. The stand-ins use the process's own listeners, which are
// still open when Await returns. Any other error ends Await, as does the end of ctx.
func Await[T any](
	ctx context.Context, log *slog.Logger, standIns []Part, passes func(error) bool, open func(context.Context) (T, error),
) (T, error) {
	telling := &telling{begin: func() (stop func()) { return serveStandIns(ctx, log, standIns) }}
	defer telling.end()
	late := time.AfterFunc(standInDelay, telling.start)
	defer late.Stop()
	opened, err := open(ctx)
	if err == nil || !passes(err) || ctx.Err() != nil {
		return opened, err
	}
	telling.start()
	var logged time.Time
	for ; err != nil && passes(err); opened, err = open(ctx) {
		if time.Since(logged) >= awaitReminder {
			log.WarnContext(ctx, "waiting until it can start; not ready", slog.Any("error", err))
			logged = time.Now()
		}
		select {
		case <-ctx.Done():
			return opened, fmt.Errorf("stopped while waiting: %w: %w", ctx.Err(), err)
		case <-time.After(awaitPause):
		}
	}
	if err == nil {
		log.InfoContext(ctx, "what it waited for is there")
	}
	return opened, err
}

// telling serves the stand-ins from start, if that is called, to end.
type telling struct {
	begin func() (stop func())

	mu    sync.Mutex
	ended bool
	stop  func()
}

func (t *telling) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop == nil && !t.ended {
		t.stop = t.begin()
	}
}

func (t *telling) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil && !t.ended {
		t.stop()
	}
	t.ended = true
}

// serveStandIns serves parts until stop is called, which leaves their listeners open.
func serveStandIns(ctx context.Context, log *slog.Logger, parts []Part) (stop func()) {
	var serving sync.WaitGroup
	for _, p := range parts {
		listener := &lent{Listener: p.Listener}
		serving.Go(func() {
			if err := p.Server.Serve(listener); err != nil {
				log.ErrorContext(ctx, "telling callers that it is not ready failed", slog.String("part", p.Name), slog.Any("error", err))
			}
		})
	}
	return func() {
		stopping, done := context.WithTimeout(context.WithoutCancel(ctx), standInStop)
		defer done()
		for _, p := range parts {
			p.Server.Stop(stopping)
		}
		serving.Wait()
		for _, p := range parts {
			setDeadline(p.Listener, time.Time{})
		}
	}
}

// lent is a listener lent to a server. When the server closes it, it stops accepting but stays open.
type lent struct {
	net.Listener

	mu     sync.Mutex
	closed bool
}

// Accept waits for a connection.
func (l *lent) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed && errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, net.ErrClosed
	}
	return conn, err
}

// Close makes the current Accept and later ones fail.
func (l *lent) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	setDeadline(l.Listener, time.Unix(1, 0))
	return nil
}

// setDeadline ends a listener's Accepts at a time; at the zero time: never.
func setDeadline(listener net.Listener, at time.Time) {
	if l, ok := listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = l.SetDeadline(at) // It fails only on a closed listener.
	}
}
