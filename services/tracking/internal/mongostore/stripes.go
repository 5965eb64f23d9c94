package mongostore

import (
	"context"
	"hash/maphash"
)

// stripes keep apart what this process does at once to one document, so that only other processes are
// in each other's way: each conflict of two transactions costs both time. They are not what makes a
// write right. Keys may share a stripe, so nobody may take a second one.
type stripes struct {
	seed maphash.Seed
	held [64]chan struct{}
}

func newStripes() *stripes {
	s := &stripes{seed: maphash.MakeSeed()}
	for i := range s.held {
		s.held[i] = make(chan struct{}, 1)
	}
	return s
}

// take waits for a key's stripe, and returns what gives it back.
func (s *stripes) take(ctx context.Context, key string) (release func(), err error) {
	stripe := s.held[maphash.String(s.seed, key)%uint64(len(s.held))]
	select {
	case stripe <- struct{}{}:
		return func() { <-stripe }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
