// Package calls makes calls with a request id once.
package calls

import (
	"context"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// storeTimeout bounds the write of a response after its caller has left.
const storeTimeout = 10 * time.Second

// Store keeps calls with their answers.
type Store interface {
	// Repeated returns the answer to a call that was made before; found is false if it was not. Errors: that of
	// idempotency.Record.Replay.
	Repeated(ctx context.Context, call idempotency.Call) (answer string, found bool, err error)
	// Once calls write, and stores the call with the answer that write returns. What the store's other methods write
	// with write's context is in the same transaction. They must not be made in vain: if one of them fails, write must
	// return its error, or one that wraps it. If the call was made before, Once returns the answer of that time, or the
	// error of idempotency.Record.Replay. Of concurrent calls with one id, one is stored; the others get its answer. If
	// write fails, nothing is stored. write may run more than once, and must wait for nothing but the store.
	Once(ctx context.Context, call idempotency.Call, write func(context.Context) (answer string, err error)) (answer string, err error)
}

// Service makes calls. It is safe for concurrent use.
type Service struct {
	Store

	now func() time.Time
	mu  sync.Mutex
	// running has a channel for each call that Remember makes now, by its key. It is closed at the call's end.
	running map[string]chan struct{}
}

// New returns a Service on a store.
func New(store Store, now func() time.Time) *Service {
	return &Service{Store: store, now: now, running: map[string]chan struct{}{}}
}

// Now returns the time in UTC, in the stored precision.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// Remember makes a call whose effect cannot be in one transaction with its answer, since it is many writes or happens
// elsewhere. It stores the answer that do returns when do is done. Repetitions in this process wait for that. If the
// process dies before, a repetition calls do again, which must do no harm.
//
// Errors: AlreadyExists (IDEMPOTENCY_KEY_REUSED), and do's own, after which nothing is stored.
func (s *Service) Remember(
	ctx context.Context, call idempotency.Call, do func(context.Context) (answer string, err error),
) (string, error) {
	end, err := s.begin(ctx, call.Key())
	if err != nil {
		return "", err
	}
	defer end()
	if answer, found, err := s.Repeated(ctx, call); found || err != nil {
		return answer, err
	}
	answer, err := do(ctx)
	if err != nil {
		return "", err
	}
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	return s.Once(storing, call, func(context.Context) (string, error) { return answer, nil })
}

// begin waits until no other call with a key runs. The error is ctx's.
func (s *Service) begin(ctx context.Context, key string) (end func(), err error) {
	mine := make(chan struct{})
	for {
		s.mu.Lock()
		other := s.running[key]
		if other == nil {
			s.running[key] = mine
		}
		s.mu.Unlock()
		if other == nil {
			return func() { s.end(key, mine) }, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Service) end(key string, mine chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, key)
	close(mine)
}
