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
	// memoryAge is how long an answer is given from memory: how far this instance may be behind
	// writes made through another one.
	memoryAge = time.Second
	// loadTimeout bounds a read that fills memory; it belongs to no caller in particular.
	loadTimeout = 5 * time.Second
	// shelfWeight bounds what one shelf keeps: this many rows, and a row for each answer besides.
	shelfWeight = 20_000
)

// generation counts the writes made through this instance. What memory holds is good for one
// generation only, so that no answer is ever behind a write that was acknowledged here.
type generation struct{ count atomic.Uint64 }

// forget makes all that memory holds useless. Called after every write, whether it succeeded or
// not: a write whose answer was lost may have happened.
func (g *generation) forget() { g.count.Add(1) }

// shelf holds answers to one kind of question, also the answer that there is none.
type shelf[K comparable, V any] struct {
	writes  *generation
	now     func() time.Time
	load    func(context.Context, K) (V, error)
	answers *otter.Cache[K, answer[V]]
	flights singleflight.Group
}

// answer is what a load returned, with the moment and the generation of before the load: a write
// that came while it ran makes the answer useless.
type answer[V any] struct {
	value      V
	generation uint64
	time       time.Time
}

// newShelf returns an empty shelf that load fills. weigh says how many rows an answer has.
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

// get returns the answer for a key: from memory, else from one load that all who ask at the same
// time wait for. Callers share the value and must not change it.
func (s *shelf[K, V]) get(ctx context.Context, key K) (V, error) {
	generation, now := s.writes.count.Load(), s.now()
	if held, ok := s.answers.GetIfPresent(key); ok && held.fresh(generation, now) {
		return held.value, nil
	}
	// The generation is part of the flight's key: who asks after a write must not be given what a
	// load from before it finds.
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

// fresh says whether an answer may still be given. One from the future is not: the clock was set
// back, and its age is unknown.
func (a answer[V]) fresh(generation uint64, now time.Time) bool {
	age := now.Sub(a.time)
	return a.generation == generation && 0 <= age && age < memoryAge
}
