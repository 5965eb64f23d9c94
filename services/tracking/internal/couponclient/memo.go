package couponclient

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// freshFor is how long an answer is served without a query.
	freshFor = 2 * time.Second
	// refreshAfter is the age from which serving an answer refreshes it in the background, so that requests
	// for popular keys never wait.
	refreshAfter = freshFor / 2
	// staleFor is how long an answer is served while the coupon service cannot be reached.
	staleFor = time.Hour
	// retryAfter is how long after a failure a stale answer is served without another query.
	retryAfter = time.Second
	// DefaultAskTimeout is how long the coupon service may take to answer a query before it counts as hanging.
	DefaultAskTimeout = time.Second
	// shareFor is how long requests that bypass the cache are collected before one query answers them all. It
	// bounds the load that a caller who guesses credentials can put on the coupon service.
	shareFor = 50 * time.Millisecond
	// maxAnswers bounds the cached answers of one kind.
	maxAnswers = 20_000
)

// memory is the state that the memos of a client share.
type memory struct {
	now func() time.Time
	// askTimeout bounds one query. A request that could be served stale waits for half of it.
	askTimeout time.Duration

	line  *line
	notes *notes
}

// memo caches the answers of one kind by key. It does not cache that something is missing, so that what was
// just created is found at once.
type memo[P proto.Message, V any] struct {
	memory
	kind string
	// read decodes an answer.
	read    func(P) (V, error)
	answers *otter.Cache[string, answer[V]]
	asking  singleflight.Group
	// sharing collects requests that bypass the cache.
	sharing singleflight.Group
}

// answer is a value with the time of its query.
type answer[V any] struct {
	value V
	asked time.Time
	// noted is the version that was last sent to the store.
	noted noted
}

// asker sends a query to the coupon service.
type asker[P proto.Message] func(context.Context) (P, error)

func newMemo[P proto.Message, V any](kind string, m memory, read func(P) (V, error)) *memo[P, V] {
	return &memo[P, V]{
		memory: m, kind: kind, read: read,
		answers: otter.Must(&otter.Options[string, answer[V]]{MaximumSize: maxAnswers}),
	}
}

// get returns the answer for a key: from the cache if it is fresh, else by ask, else, if the coupon service does
// not answer soon, stale from the cache. Concurrent calls for one key share one query. An answer that was asked
// for before since is not used; the zero time allows any.
func (m *memo[P, V]) get(ctx context.Context, since time.Time, key string, ask asker[P]) (V, error) {
	now := m.now()
	held, ok := m.answers.GetIfPresent(key)
	age := now.Sub(held.asked)
	switch {
	case !since.IsZero() && (!ok || age >= freshFor || held.asked.Before(since)):
		return m.learn(ctx, key, ask) // a query in flight may have begun too early
	case ok && age < freshFor:
		if age >= refreshAfter && !m.line.isHung() {
			m.ask(key, ask)
		}
		return held.value, nil
	case ok && age < staleFor:
		return m.refresh(ctx, key, held.value, ask)
	case m.line.isHung():
		var none V
		return none, errHung()
	}
	return wait[V](ctx, m.ask(key, ask))
}

// refresh returns the answer of a query if it comes soon, else stale.
func (m *memo[P, V]) refresh(ctx context.Context, key string, stale V, ask asker[P]) (V, error) {
	if m.line.isHung() || m.line.failedSince(m.now().Add(-retryAfter)) {
		return stale, nil
	}
	soon, cancel := context.WithTimeout(ctx, m.askTimeout/2)
	defer cancel()
	value, err := wait[V](soon, m.ask(key, ask))
	if err != nil && ctx.Err() == nil && (soon.Err() != nil || apperr.Is(err, apperr.Unavailable)) {
		return stale, nil
	}
	return value, err
}

// isKnown reports whether an answer is cached, however old.
func (m *memo[P, V]) isKnown(key string) bool {
	_, ok := m.answers.GetIfPresent(key)
	return ok
}

// latest bypasses the cache: it returns the answer of a query that is sent after the call. Calls within
// shareFor share one query.
func (m *memo[P, V]) latest(ctx context.Context, key string, ask asker[P]) (V, error) {
	if m.line.isHung() {
		var none V
		return none, errHung()
	}
	return wait[V](ctx, m.sharing.DoChan(key, func() (any, error) {
		time.Sleep(shareFor)
		m.sharing.Forget(key) // later calls must not share this query
		return m.learn(context.Background(), key, ask)
	}))
}

// ask starts a query, or joins the one in flight for the key, and caches the answer.
func (m *memo[P, V]) ask(key string, ask asker[P]) <-chan singleflight.Result {
	return m.asking.DoChan(key, func() (any, error) {
		// The query serves all callers, so it must not end with the first one's request.
		return m.learn(context.Background(), key, ask)
	})
}

// wait returns the result of a query, or the error of ctx if that ends first.
func wait[V any](ctx context.Context, asked <-chan singleflight.Result) (V, error) {
	var none V
	select {
	case result := <-asked:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(V), nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// learn sends a query and caches its answer.
func (m *memo[P, V]) learn(ctx context.Context, key string, ask asker[P]) (V, error) {
	inTime, cancel := context.WithTimeout(ctx, m.askTimeout)
	defer cancel()
	asked, before := m.now(), m.line.answersSoFar()
	var value V
	said, err := ask(inTime)
	if err == nil {
		value, err = m.read(said)
	}
	switch {
	case err == nil:
		known, _ := m.answers.GetIfPresent(key)
		m.answers.Set(key, answer[V]{value: value, asked: asked, noted: m.notes.note(m.kind, key, said, asked, known.noted)})
		m.line.answered()
	case errors.Is(err, domain.ErrNotFound):
		if held, ok := m.answers.Invalidate(key); ok {
			m.notes.gone(m.kind, key, held.asked)
		}
		m.line.answered()
	case ctx.Err() != nil: // the caller gave up, which says nothing about the coupon service
	case !apperr.Is(err, apperr.Unavailable):
		m.line.answered()
	case inTime.Err() != nil:
		m.line.timedOut(m.now(), before, func(ctx context.Context) { _, _ = m.learn(ctx, key, ask) })
	default:
		m.line.failed(m.now())
	}
	return value, err
}
