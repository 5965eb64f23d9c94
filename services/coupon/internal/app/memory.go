package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// memoryAge is how long an answer stays in memory. It bounds how far this instance may be behind writes
	// through another instance.
	memoryAge = time.Second
	// loadTimeout bounds a read that fills the memory. Several callers may share the read, so it has its own
	// deadline.
	loadTimeout = 5 * time.Second
	// shelfWeight bounds one shelf, in rows. Each answer counts as one more row.
	shelfWeight = 20_000
)

// generation counts the writes through this instance. An answer in memory is valid for one generation only,
// so that no answer is behind a write that was acknowledged here.
type generation struct{ count atomic.Uint64 }

// forget invalidates everything in memory. Call it after every write, even one that failed: it may have been
// stored although its answer was lost.
func (g *generation) forget() { g.count.Add(1) }

// shelf caches the answers to one kind of question, including that something does not exist.
type shelf[K comparable, V any] struct {
	writes  *generation
	now     func() time.Time
	load    func(context.Context, K) (V, error)
	answers *otter.Cache[K, answer[V]]
	flights singleflight.Group
}

// answer is the result of a load, with the time and the generation from before it. A write during the load
// thus invalidates the answer.
type answer[V any] struct {
	value      V
	generation uint64
	time       time.Time
}

// newShelf returns an empty shelf that load fills. weigh returns the number of rows in an answer.
func newShelf[K comparable, V any](
	writes *generation, now func() time.Time, load func(context.Context, K) (V, error), weigh func(V) int,
) *shelf[K, V] {
	return &shelf[K, V]{
		writes: writes,
		now:    now,
		load:   load,
		answers: otter.Must(&otter.Options[K, answer[V]]{
			MaximumWeight: shelfWeight,
			Weigher:       func(_ K, a answer[V]) uint32 { return uint32(1 + weigh(a.value)) }, //nolint:gosec // a few thousand rows at most
		}),
	}
}

// get returns the answer for a key, from memory or from one load that all concurrent callers wait for.
// Callers share the value, and must not modify it.
func (s *shelf[K, V]) get(ctx context.Context, key K) (V, error) {
	generation, now := s.writes.count.Load(), s.now()
	if held, ok := s.answers.GetIfPresent(key); ok && held.fresh(generation, now) {
		return held.value, nil
	}
	// The generation is part of the key, so that a caller who asks after a write does not get the result of a
	// load that began before it.
	flight := s.flights.DoChan(fmt.Sprintf("%d %#v", generation, key), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		value, err := s.load(ctx, key)
		if err != nil {
			return nil, err
		}
		s.answers.Set(key, answer[V]{value: value, generation: generation, time: now})
		return value, nil
	})
	var none V
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case result := <-flight:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(V), nil
	}
}

// fresh reports whether an answer is still valid. An answer from the future is not: the clock was set back,
// so its age is unknown.
func (a answer[V]) fresh(generation uint64, now time.Time) bool {
	age := now.Sub(a.time)
	return a.generation == generation && 0 <= age && age < memoryAge
}
