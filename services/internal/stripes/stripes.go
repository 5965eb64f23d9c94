// Package stripes serializes a process's operations on the same key.
//
// The MongoDB stores import it; it imports none of our packages.
package stripes

import (
	"context"
	"hash/maphash"
	"slices"
)

// Stripes are locks by key. With them, transactions on the same key in one process take turns instead of conflicting,
// which would cost both time. Correctness does not depend on them: other processes do not share them. Waiters are
// served in order of arrival. Different keys may share a stripe, so a goroutine that holds some must not take more.
type Stripes struct {
	seed maphash.Seed
	held [64]chan struct{}
}

// New returns stripes that are all free.
func New() *Stripes {
	s := &Stripes{seed: maphash.MakeSeed()}
	for i := range s.held {
		s.held[i] = make(chan struct{}, 1)
	}
	return s
}

// Take waits for the stripes of keys. The caller must call release to give them back. The error is ctx's.
func (s *Stripes) Take(ctx context.Context, keys ...string) (release func(), err error) {
	wanted := make([]uint64, len(keys))
	for i, key := range keys {
		wanted[i] = maphash.String(s.seed, key) % uint64(len(s.held))
	}
	// All callers take stripes in the same order, so no two wait for each other.
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for i, stripe := range wanted {
		select {
		case s.held[stripe] <- struct{}{}:
		case <-ctx.Done():
			s.giveBack(wanted[:i])
			return nil, ctx.Err()
		}
	}
	return func() { s.giveBack(wanted) }, nil
}

func (s *Stripes) giveBack(taken []uint64) {
	for _, stripe := range taken {
		<-s.held[stripe]
	}
}
