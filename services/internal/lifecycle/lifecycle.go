// Package lifecycle runs a process's servers together and stops them together.
//
// The services' wiring may import it; it imports none of ours.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Server is a gRPC or an HTTP server.
type Server interface {
	// Serve accepts connections until Stop; it returns nil then.
	Serve(net.Listener) error
	// Drain tells callers that a stop is near, and serves on. It returns at once.
	Drain()
	// Stop finishes what is under way, until ctx ends.
	Stop(ctx context.Context)
}

// Part is a server with the listener that it serves.
type Part struct {
	// Name says in errors which one it is.
	Name     string
	Server   Server
	Listener net.Listener
}

// Stop says how to stop.
type Stop struct {
	// Drain is how long the servers serve on after a stop was asked for.
	Drain time.Duration
	// Timeout is how long calls and work under way have after that, all together, to finish.
	Timeout time.Duration
	// Work, if set, ends what works in the background, and waits for it until ctx ends. It is called when the
	// servers stop.
	Work func(ctx context.Context)
}

// Run serves all parts until ctx ends or one of them fails, then stops them all at once: none may
// need another's listener to finish. It returns why parts failed, else nil.
func Run(ctx context.Context, stop Stop, parts ...Part) error {
	failing, fail := context.WithCancel(ctx)
	defer fail()
	failed := make(chan error, len(parts))
	for _, p := range parts {
		go func() {
			defer fail()
			if err := p.Server.Serve(p.Listener); err != nil {
				failed <- fmt.Errorf("serving %s: %w", p.Name, err)
				return
			}
			failed <- nil
		}()
	}
	<-failing.Done()
	drain(stop.Drain, parts, failed)
	// The stop has a deadline of its own: ctx has ended already.
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), stop.Timeout)
	defer done()
	var stops sync.WaitGroup
	for _, p := range parts {
		stops.Go(func() { p.Server.Stop(stopping) })
	}
	if stop.Work != nil {
		stops.Go(func() { stop.Work(stopping) })
	}
	stops.Wait()
	var errs []error
	for range parts {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// drain serves on for a while, unless a part has failed.
func drain(d time.Duration, parts []Part, failed <-chan error) {
	for _, p := range parts {
		p.Server.Drain()
	}
	if d <= 0 || len(failed) > 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// Listen listens on TCP addresses, all or none.
func Listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var config net.ListenConfig
	listeners := make([]net.Listener, 0, len(addrs))
	for _, addr := range addrs {
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			CloseAll(listeners)
			return nil, fmt.Errorf("listening on %s: %w", addr, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// CloseAll closes listeners that were not served, or were closed by their server already.
func CloseAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
