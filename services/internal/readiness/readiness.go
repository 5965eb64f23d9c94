// Package readiness says whether a process can do its work: for each thing that it depends on, whether that can
// be used, and why not.
//
// Wiring, grpcserve and the gateway may import it; of ours it imports apperr.
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
	// Interval is the least time between two looks at a process's own dependencies.
	Interval = time.Second
	// lookTime is how long a dependency may take to answer, resultsTime how long one that looks at its own.
	lookTime, resultsTime = 1500 * time.Millisecond, 3 * time.Second
)

// Result is what was found of one dependency.
type Result struct {
	// Name is unique in its process, such as "store".
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Why says why it is not ready.
	Why string `json:"why,omitempty"`
	// Optional means that the process does its work without it, if less well.
	Optional bool `json:"optional,omitempty"`
}

// Results are those of all dependencies.
type Results []Result

// Ready says whether all are ready that are not optional.
func (r Results) Ready() bool {
	for _, one := range r {
		if !one.Ready && !one.Optional {
			return false
		}
	}
	return true
}

// Of returns the results with a prefix to their names.
func (r Results) Of(prefix string) Results {
	named := make(Results, len(r))
	for i, one := range r {
		one.Name = prefix + ": " + one.Name
		named[i] = one
	}
	return named
}

// trailerKey is of the trailer that carries results beside an answer of grpc.health.v1, which has none.
const trailerKey = "couponlink-readiness-bin"

// Trailer returns the results as a gRPC trailer.
func (r Results) Trailer() metadata.MD {
	text, err := json.Marshal(r)
	if err != nil {
		return nil
	}
	return metadata.Pairs(trailerKey, string(text))
}

// FromTrailer returns the results in a gRPC trailer; nil if it has none.
func FromTrailer(trailer metadata.MD) Results {
	var r Results
	for _, text := range trailer.Get(trailerKey) {
		if json.Unmarshal([]byte(text), &r) != nil {
			return nil
		}
	}
	return r
}

// Dependency is one thing to look at.
type Dependency struct {
	Name     string
	Optional bool
	// Look returns why it cannot be used. An apperr's message is told to anyone, any other error is only logged.
	Look func(context.Context) error
	// Results, if set, looks instead of Look, and returns the dependency's own result with those of what it
	// depends on itself.
	Results func(context.Context) Results
}

// Probe looks at the dependencies when it is asked. All who ask at one time share one look, and a process's own
// dependencies are looked at once in an interval at most, so that asking costs nothing. Its methods may be
// called at any time.
type Probe struct {
	log      *slog.Logger
	interval time.Duration
	targets  []*target

	mu     sync.Mutex
	last   Results
	time   time.Time
	flight chan struct{} // closed when the look under way has ended; nil: there is none
}

// New returns a Probe that looks once in an interval at most; zero: whenever nobody else does. It logs what
// becomes unready, and what is ready again.
func New(log *slog.Logger, interval time.Duration, dependencies ...Dependency) *Probe {
	p := &Probe{log: log, interval: interval}
	for _, d := range dependencies {
		p.targets = append(p.targets, &target{Dependency: d, ready: true})
	}
	return p
}

// Results returns what was found last, or is found now.
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

// look looks at all dependencies at once, each for a bounded time.
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

// target is a dependency with what is known of it. One goroutine at a time uses it, but for hanging.
type target struct {
	Dependency
	ready bool
	// hanging has the answer of a look that took too long, once it comes; nil: none does. It is not looked at
	// again before that, so that a hung disk costs one goroutine.
	hanging chan Results
	since   time.Time
}

func (t *target) look(ctx context.Context, log *slog.Logger) Results {
	if len(t.hanging) > 0 {
		t.hanging = nil // it has ended since, and its answer is old
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

// ask looks once.
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
