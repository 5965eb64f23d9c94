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

// StopTimeout is how long calls under way have, all servers together, to finish after a stop was
// asked for.
const StopTimeout = 20 * time.Second

// Server is a gRPC or an HTTP server.
type Server interface {
	// Serve accepts connections until Stop; it returns nil then.
	Serve(net.Listener) error
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

// Run serves all parts until ctx ends or one of them fails, then stops them all at once: none may
// need another's listener to finish. It returns why parts failed, else nil.
func Run(ctx context.Context, parts ...Part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(parts))
	for _, p := range parts {
		go func() {
			defer cancel()
			if err := p.Server.Serve(p.Listener); err != nil {
				failed <- fmt.Errorf("serving %s: %w", p.Name, err)
				return
			}
			failed <- nil
		}()
	}
	<-ctx.Done()
	// The stop has a deadline of its own: ctx has ended already.
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
	defer done()
	var stops sync.WaitGroup
	for _, p := range parts {
		stops.Go(func() { p.Server.Stop(stopping) })
	}
	stops.Wait()
	var errs []error
	for range parts {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
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
