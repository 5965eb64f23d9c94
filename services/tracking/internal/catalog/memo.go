package catalog

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

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

// memo holds the answers of one kind of question by their key. Only what exists is held: that
// something is missing is asked again each time, so that what was just created is found at once.
type memo[V any] struct {
	now     func() time.Time
	answers *otter.Cache[string, answer[V]]
	asking  singleflight.Group
	// failedAt is when the coupon service was last found out of reach, in unix nanoseconds; zero
	// once it answered again. It is shared by all kinds of questions.
	failedAt *atomic.Int64
}

// answer is a value with the time at which it was asked for.
type answer[V any] struct {
	value V
	asked time.Time
}

func newMemo[V any](now func() time.Time, failedAt *atomic.Int64) *memo[V] {
	return &memo[V]{
		now:      now,
		answers:  otter.Must(&otter.Options[string, answer[V]]{MaximumSize: maxAnswers}),
		failedAt: failedAt,
	}
}

// get returns the answer to a question: from memory while it is fresh, else by ask, else, while the
// coupon service is out of reach, from memory still. All who ask for one key at once share one ask. See
// flow.AsOf for who wants no answer from memory.
func (m *memo[V]) get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
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
func (m *memo[V]) ask(key string, ask func(context.Context) (V, error)) <-chan singleflight.Result {
	return m.asking.DoChan(key, func() (any, error) {
		// The question serves all who wait, so it does not end with the first one's request.
		return m.learn(context.Background(), key, ask)
	})
}

// learn asks, and keeps what it learns.
func (m *memo[V]) learn(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := m.now()
	value, err := ask(ctx)
	switch {
	case err == nil:
		m.answers.Set(key, answer[V]{value: value, asked: asked})
		m.failedAt.Store(0)
	case errors.Is(err, flow.ErrNotFound):
		m.answers.Invalidate(key)
		m.failedAt.Store(0)
	case apperr.Is(err, apperr.Unavailable):
		m.failedAt.Store(asked.UnixNano())
	}
	return value, err
}
