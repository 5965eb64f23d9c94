package catalog

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
)

const (
	// freshFor is how long an answer is served without asking.
	freshFor = 2 * time.Second
	// refreshAfter is the age at which a served answer is asked for again in the background, so that
	// what is asked for often never waits.
	refreshAfter = freshFor / 2
	// staleFor is how long an answer is served while the coupon service cannot be reached.
	staleFor = time.Hour
	// retryAfter is how long nobody waits for the coupon service once it could not be reached, where
	// memory has an answer.
	retryAfter = time.Second
	// askTimeout bounds one question.
	askTimeout = 2 * time.Second
	// maxAnswers bounds the answers of one kind held in memory.
	maxAnswers = 20_000
)

// memory is what the memos of a catalog share.
type memory struct {
	now func() time.Time
	// failedAt is when the coupon service was last unreachable, in unix nanoseconds; zero once it answers
	// again.
	failedAt *atomic.Int64
	notes    *notes
}

// memo holds the answers of one kind of question by their key. Only what exists is held: that
// something is missing is asked again each time, so that what was just created is found at once.
type memo[P proto.Message, V any] struct {
	memory
	kind string
	// read decodes an answer.
	read    func(P) (V, error)
	answers *otter.Cache[string, answer[V]]
	asking  singleflight.Group
}

// answer is a value with the time at which it was asked for.
type answer[V any] struct {
	value V
	asked time.Time
	// noted is the version of it that was last sent to the store.
	noted noted
}

func newMemo[P proto.Message, V any](kind string, m memory, read func(P) (V, error)) *memo[P, V] {
	return &memo[P, V]{
		memory: m, kind: kind, read: read,
		answers: otter.Must(&otter.Options[string, answer[V]]{MaximumSize: maxAnswers}),
	}
}

// get returns the answer to a question: from memory while it is fresh, else by ask, else, while the
// coupon service is out of reach, from memory still. All who ask for one key at once share one ask. See
// flow.AsOf for who wants no answer from memory.
func (m *memo[P, V]) get(ctx context.Context, key string, ask func(context.Context) (P, error)) (V, error) {
	now := m.now()
	held, ok := m.answers.GetIfPresent(key)
	age := now.Sub(held.asked)
	since := flow.Since(ctx)
	if !since.IsZero() && (!ok || age >= freshFor || held.asked.Before(since)) {
		return m.learn(ctx, key, ask) // one under way may have begun before
	}
	if ok && age < freshFor {
		if age >= refreshAfter {
			m.ask(key, ask)
		}
		return held.value, nil
	}
	stale := ok && age < staleFor
	if stale && now.Sub(time.Unix(0, m.failedAt.Load())) < retryAfter {
		return held.value, nil
	}
	select {
	case result := <-m.ask(key, ask):
		if result.Err == nil {
			return result.Val.(V), nil
		}
		if stale && apperr.Is(result.Err, apperr.Unavailable) {
			return held.value, nil
		}
		var none V
		return none, result.Err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// ask starts a question, or joins the one under way for the key, and keeps what it learns.
func (m *memo[P, V]) ask(key string, ask func(context.Context) (P, error)) <-chan singleflight.Result {
	return m.asking.DoChan(key, func() (any, error) {
		// The question serves all who wait, so it does not end with the first one's request.
		return m.learn(context.Background(), key, ask)
	})
}

// learn asks, and keeps what it learns.
func (m *memo[P, V]) learn(ctx context.Context, key string, ask func(context.Context) (P, error)) (V, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := m.now()
	var value V
	said, err := ask(ctx)
	if err == nil {
		value, err = m.read(said)
	}
	switch {
	case err == nil:
		before, _ := m.answers.GetIfPresent(key)
		m.answers.Set(key, answer[V]{value: value, asked: asked, noted: m.notes.note(m.kind, key, said, asked, before.noted)})
		m.failedAt.Store(0)
	case errors.Is(err, flow.ErrNotFound):
		if held, ok := m.answers.Invalidate(key); ok {
			m.notes.gone(m.kind, key, held.asked)
		}
		m.failedAt.Store(0)
	case apperr.Is(err, apperr.Unavailable):
		m.failedAt.Store(asked.UnixNano())
	}
	return value, err
}
