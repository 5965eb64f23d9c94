// Package readiness reports whether a process can do its work: whether it can use each of its dependencies, and
// if not, why not.
//
// Wiring, grpcserve and the gateway may import it; of our packages it imports apperr and rpcstatus.
package readiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// Interval is the minimum time between two checks of a process's own dependencies.
	Interval = time.Second
	// lookTime bounds a dependency's check. resultsTime bounds the check of one that checks its own dependencies.
	lookTime, resultsTime = 1500 * time.Millisecond, 3 * time.Second
)

// Result is the state of one dependency.
type Result struct {
	// Name is unique in its process, such as "store".
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Why says why it is not ready.
	Why string `json:"why,omitempty"`
	// Optional means that the process still works without it, if less well.
	Optional bool `json:"optional,omitempty"`
}

// Results are the results of all dependencies.
type Results []Result

// Ready reports whether all dependencies that are not optional are ready.
func (r Results) Ready() bool {
	for _, one := range r {
		if !one.Ready && !one.Optional {
			return false
		}
	}
	return true
}

// Of returns the results with prefix before their names.
func (r Results) Of(prefix string) Results {
	named := make(Results, len(r))
	for i, one := range r {
		one.Name = prefix + ": " + one.Name
		named[i] = one
	}
	return named
}

// trailerKey is the key of the trailer that carries results beside a grpc.health.v1 response, which has no field
// for them.
const trailerKey = "couponlink-readiness-bin"

// Trailer returns the results as a gRPC trailer.
func (r Results) Trailer() metadata.MD {
	text, err := json.Marshal(r)
	if err != nil {
		return nil
	}
	return metadata.Pairs(trailerKey, string(text))
}

// FromTrailer returns the results in a gRPC trailer; nil without results.
func FromTrailer(trailer metadata.MD) Results {
	var r Results
	for _, text := range trailer.Get(trailerKey) {
		if json.Unmarshal([]byte(text), &r) != nil {
			return nil
		}
	}
	return r
}

// Dependency is something that a process needs.
type Dependency struct {
	Name     string
	Optional bool
	// Look returns nil, or why the dependency cannot be used. Anyone may see the message of an *apperr.Error; other
	// errors are only logged.
	Look func(context.Context) error
	// Results, if set, is called instead of Look. It returns the dependency's own result with those of its
	// dependencies.
	Results func(context.Context) Results
}

// Probe checks dependencies on request. Concurrent callers share a check, and checks start at most once per interval,
// so calls are cheap. Its methods may be called concurrently.
type Probe struct {
	log      *slog.Logger
	interval time.Duration
	targets  []*target

	mu     sync.Mutex
	last   Results
	time   time.Time
	flight chan struct{} // closed when the running check ends; nil if none runs
}

// New returns a Probe that checks at most once per interval; with 0, whenever no check is running. It logs each
// dependency that becomes unready or ready again.
func New(log *slog.Logger, interval time.Duration, dependencies ...Dependency) *Probe {
	p := &Probe{log: log, interval: interval}
	for _, d := range dependencies {
		p.targets = append(p.targets, &target{Dependency: d, ready: true})
	}
	return p
}

// Results returns the last results if they are younger than the interval, and otherwise those of a new check.
func (p *Probe) Results(ctx context.Context) Results {
	p.mu.Lock()
	if p.flight == nil {
		if !p.time.IsZero() && time.Since(p.time) < p.interval {
			defer p.mu.Unlock()
			return p.last
		}
		p.flight = make(chan struct{})
		go p.look(context.WithoutCancel(ctx), p.flight)
	}
	flight := p.flight
	p.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
		return Results{{Name: "readiness", Why: "the caller did not wait for the answer"}}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// look checks all dependencies concurrently, each for a bounded time.
func (p *Probe) look(ctx context.Context, flight chan struct{}) {
	found := make([]Results, len(p.targets))
	var all sync.WaitGroup
	for i, t := range p.targets {
		all.Go(func() { found[i] = t.look(ctx, p.log) })
	}
	all.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = nil
	for _, results := range found {
		p.last = append(p.last, results...)
	}
	p.time, p.flight = time.Now(), nil
	close(flight)
}

// target is a dependency and its last known state. Only one goroutine at a time uses it, except for hanging.
type target struct {
	Dependency
	ready bool
	// hanging receives the late result of a check that took too long; nil if no check hangs. No new check starts before
	// that result, so a hung disk costs one goroutine.
	hanging chan Results
	since   time.Time
}

func (t *target) look(ctx context.Context, log *slog.Logger) Results {
	if len(t.hanging) > 0 {
		t.hanging = nil // it has ended since, but its result is out of date
	}
	answer, patience := t.hanging, lookTime
	if t.Results != nil {
		patience = resultsTime
	}
	if answer == nil {
		answer, t.since = make(chan Results, 1), time.Now()
		go func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			answer <- t.ask(ctx, log)
		}()
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	var found Results
	select {
	case found = <-answer:
		t.hanging = nil
	case <-timeout.C:
		t.hanging = answer
		why := fmt.Sprintf("no answer for %d s", int(time.Since(t.since).Seconds()))
		found = Results{{Name: t.Name, Why: why, Optional: t.Optional}}
	}
	if ready := found.Ready(); ready != t.ready {
		t.ready = ready
		if ready {
			log.InfoContext(ctx, "ready again", slog.String("dependency", t.Name))
		} else {
			log.WarnContext(ctx, "not ready", slog.String("dependency", t.Name), slog.Any("found", found))
		}
	}
	return found
}

// ask runs one check.
func (t *target) ask(ctx context.Context, log *slog.Logger) Results {
	if t.Results != nil {
		return t.Results(ctx)
	}
	r := Result{Name: t.Name, Optional: t.Optional}
	switch err := t.Look(ctx); {
	case err == nil:
		r.Ready = true
	case errors.Is(err, context.DeadlineExceeded):
		r.Why = "no answer in time"
	case apperr.As(err) != nil:
		r.Why = apperr.As(err).Message
	default:
		r.Why = "it cannot be used; the log says why"
		log.WarnContext(ctx, "a dependency cannot be used", slog.String("dependency", t.Name), slog.Any("error", err))
	}
	return Results{r}
}
