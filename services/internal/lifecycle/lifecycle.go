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

// Server is a gRPC or HTTP server.
type Server interface {
	// Serve accepts connections until Stop, and then returns nil.
	Serve(net.Listener) error
	// Drain tells callers that a stop is near, and keeps serving. It returns at once.
	Drain()
	// Stop finishes the calls in flight, until ctx ends.
	Stop(ctx context.Context)
}

// Part is a server and its listener.
type Part struct {
	// Name identifies the part in errors.
	Name     string
	Server   Server
	Listener net.Listener
}

// Stop says how to stop.
type Stop struct {
	// Drain is how long the servers keep serving after a stop was requested.
	Drain time.Duration
	// Timeout is how long calls and work in flight then have to finish, in total.
	Timeout time.Duration
	// Work, if set, ends background work and waits for it until ctx ends. It is called when the servers stop.
	Work func(ctx context.Context)
}

// Run serves all parts until ctx ends or one of them fails. Then it stops all of them at once, so no part may need
// another one's listener to finish. It returns the errors of the parts that failed.
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
	// ctx has ended, so the stop needs its own deadline.
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

// drain keeps serving for d, unless a part fails.
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

// Listen listens on all TCP addresses, or on none.
func Listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its sockets take no filters, which a stop needs: see httpserve
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

// CloseAll closes listeners. Those that their server closed already are fine.
func CloseAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
