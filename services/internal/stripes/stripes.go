// Package stripes keeps apart what a process does at once to one thing.
//
// The MongoDB stores import it; it imports none of ours.
package stripes

import (
	"context"
	"hash/maphash"
	"slices"
)

// Stripes let one at a time do something to a thing with a key, so that only other processes are in each other's
// way: each conflict of two transactions costs both time. They are not what makes a write right. Those who wait get
// their turn in the order in which they came. Different keys may share a stripe, so whoever has some must not take
// more.
type Stripes struct {
	seed maphash.Seed
	held [64]chan struct{}
}

// New returns stripes that nobody has taken.
func New() *Stripes {
	s := &Stripes{seed: maphash.MakeSeed()}
	for i := range s.held {
		s.held[i] = make(chan struct{}, 1)
	}
	return s
}

// Take waits for the stripes of keys, and returns what gives them back. Its error is the context's.
func (s *Stripes) Take(ctx context.Context, keys ...string) (release func(), err error) {
	wanted := make([]uint64, len(keys))
	for i, key := range keys {
		wanted[i] = maphash.String(s.seed, key) % uint64(len(s.held))
	}
	// All take them in one order, so that no two wait for each other.
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
