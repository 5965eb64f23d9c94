package mongodb

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
)

// gate knows from the driver's monitor whether the deployment has a server that takes writes. If there was no such
// server for some time, the gate is shut: calls in flight end, and new ones fail at once. It opens as soon as the
// monitor sees such a server.
type gate struct {
	// patience is how long calls wait for a server.
	patience time.Duration

	mu  sync.Mutex
	up  bool
	gen int
	// open is the context that ends when the gate is shut.
	open context.Context //nolint:containedctx // it is a state that calls wait for, and no call's own
	shut context.CancelFunc
}

// newGate returns a gate for a deployment whose state is not known yet. It stays open for first.
func newGate(patience, first time.Duration) *gate {
	g := &gate{patience: patience}
	g.open, g.shut = context.WithCancel(context.Background())
	g.shutAfter(first)
	return g
}

// shutAfter shuts the gate unless a server is seen within patience. The caller holds mu, or has the only reference.
func (g *gate) shutAfter(patience time.Duration) {
	g.gen++
	gen := g.gen
	time.AfterFunc(patience, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if gen == g.gen && !g.up {
			g.shut()
		}
	})
}

// observe is called by the driver with each change in its knowledge of the deployment.
func (g *gate) observe(e *event.TopologyDescriptionChangedEvent) {
	up := takesWrites(e.NewDescription)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case up == g.up:
		return
	case !up:
		g.up = false
		g.shutAfter(g.patience)
		return
	}
	g.up = true
	g.gen++
	if g.open.Err() != nil {
		g.open, g.shut = context.WithCancel(context.Background())
	}
}

// takesWrites reports whether a deployment has a server that takes writes. The server of a direct connection always
// counts: no other is used.
func takesWrites(d event.TopologyDescription) bool {
	return slices.ContainsFunc(d.Servers, func(s event.ServerDescription) bool {
		switch s.Kind {
		case "RSPrimary", "Mongos", "Standalone", "LoadBalancer":
			return true
		default:
			return d.Kind == "Single" && s.Kind != "Unknown"
		}
	})
}

// pass calls end when the gate is shut, until the caller calls leave. It returns false if the gate is shut now. A nil
// gate is always open.
func (g *gate) pass(end func()) (leave func() bool, ok bool) {
	if g == nil {
		return func() bool { return true }, true
	}
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	if open.Err() != nil {
		return nil, false
	}
	return context.AfterFunc(open, end), true
}
