package couponclient

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// noteAfter is the age at which an unchanged answer is stored again. After a restart, answers may expire
	// earlier than they would have, by up to this much.
	noteAfter = 5 * time.Minute
	// gatherFor is how long changed answers are collected before they are stored.
	gatherFor = 200 * time.Millisecond
	// keepPause is the pause after a failed write, and pruneInterval that between removals of old answers.
	keepPause     = 5 * time.Second
	pruneInterval = 10 * time.Minute
	// lastKeep bounds the last write, when the service stops.
	lastKeep = 5 * time.Second
	// maxBodyBytes bounds an answer that is stored; a larger one is only cached in memory.
	maxBodyBytes = 64 << 10
)

// notes collects the answers to store. One goroutine stores them, so that no caller waits for the store.
type notes struct {
	seed maphash.Seed
	// changed holds a token while there is something to store.
	changed chan struct{}

	mu      sync.Mutex
	waiting map[question]domain.CouponAnswer
}

type question struct{ kind, key string }

// noted is the version of an answer that was last sent to the store.
type noted struct {
	sum  uint64
	time time.Time
}

func newNotes() *notes {
	return &notes{seed: maphash.MakeSeed(), changed: make(chan struct{}, 1), waiting: map[question]domain.CouponAnswer{}}
}

// note queues an answer to be stored, unless the version stored before is still good. It returns the version
// that is stored now.
func (n *notes) note(kind, key string, said proto.Message, asked time.Time, before noted) noted {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(said)
	if err != nil || len(body) > maxBodyBytes {
		return noted{}
	}
	now := noted{sum: maphash.Bytes(n.seed, body), time: asked}
	if now.sum == before.sum && asked.Sub(before.time) < noteAfter {
		return before
	}
	if body == nil {
		body = []byte{} // nil would remove it
	}
	n.add(domain.CouponAnswer{Kind: kind, Key: key, Body: body, Time: asked})
	return now
}

// gone queues the removal of a stored answer.
func (n *notes) gone(kind, key string, asked time.Time) {
	n.add(domain.CouponAnswer{Kind: kind, Key: key, Time: asked})
}

func (n *notes) add(answers ...domain.CouponAnswer) {
	n.mu.Lock()
	for _, a := range answers {
		a.Time = a.Time.UTC().Truncate(time.Millisecond)
		q := question{a.Kind, a.Key}
		if waiting, ok := n.waiting[q]; !ok || !waiting.Time.After(a.Time) {
			n.waiting[q] = a
		}
	}
	n.mu.Unlock()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// take returns the queued answers and empties the queue.
func (n *notes) take() []domain.CouponAnswer {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := make([]domain.CouponAnswer, 0, len(n.waiting))
	for _, a := range n.waiting {
		answers = append(answers, a)
	}
	clear(n.waiting)
	return answers
}

// kept is a memo whose answers are stored.
type kept interface {
	name() string
	recall(answer domain.CouponAnswer) error
}

func (m *memo[P, V]) name() string { return m.kind }

// recall puts a stored answer into the cache, with its age.
func (m *memo[P, V]) recall(a domain.CouponAnswer) error {
	var said P
	said, ok := said.ProtoReflect().New().Interface().(P)
	if !ok {
		return fmt.Errorf("a stored answer of kind %s has the wrong type", m.kind)
	}
	if err := proto.Unmarshal(a.Body, said); err != nil {
		return fmt.Errorf("reading a stored answer of kind %s: %w", m.kind, err)
	}
	value, err := m.read(said)
	if err != nil {
		return fmt.Errorf("reading a stored answer of kind %s: %w", m.kind, err)
	}
	m.answers.Set(a.Key, answer[V]{value: value, asked: a.Time, noted: noted{maphash.Bytes(m.notes.seed, a.Body), a.Time}})
	return nil
}

func (c *Client) memos() []kept {
	return []kept{c.offers, c.tokens, c.coupons, c.standings, c.publishers}
}

// AnswerStore keeps the answers of a Client. They hold the offers' tokens and secrets, as the coupon
// service's own database does.
type AnswerStore interface {
	// KeepAnswers stores answers, and removes those without a Body. It does not touch stored answers that are newer.
	KeepAnswers(ctx context.Context, answers []domain.CouponAnswer) error
	// Answers returns the answers of a kind that were asked for at since or later, the newest first, at most
	// limit.
	Answers(ctx context.Context, kind string, since time.Time, limit int) ([]domain.CouponAnswer, error)
	// PruneAnswers removes the answers of a kind from before a time, and the oldest if there are more than most.
	PruneAnswers(ctx context.Context, kind string, before time.Time, most int) error
}

// Recall loads the stored answers into the cache. They expire when they would have without a restart. The error
// joins those of answers that cannot be read, such as another version's; the others are loaded.
func (c *Client) Recall(ctx context.Context, store AnswerStore) error {
	now := c.now()
	var errs []error
	for _, m := range c.memos() {
		answers, err := store.Answers(ctx, m.name(), now.Add(-staleFor), maxAnswers)
		errs = append(errs, err)
		for _, a := range answers {
			if a.Time.After(now) {
				continue // stored under a wrong clock: it would be served for too long
			}
			errs = append(errs, m.recall(a))
		}
	}
	return errors.Join(errs...)
}

// Keep stores answers for Recall as they arrive, until ctx ends. It calls failed with each error, and tries
// again.
func (c *Client) Keep(ctx context.Context, store AnswerStore, after func(time.Duration) <-chan time.Time, failed func(error)) {
	prune := after(0)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastKeep)
			defer cancel()
			if err := c.keep(last, store); err != nil {
				failed(err)
			}
			return
		case <-prune:
			if err := c.prune(ctx, store); err != nil && ctx.Err() == nil {
				failed(err)
			}
			prune = after(pruneInterval)
			continue
		case <-c.notes.changed:
		}
		pause := gatherFor
		if err := c.keep(ctx, store); err != nil && ctx.Err() == nil {
			failed(err)
			pause = keepPause
		}
		select {
		case <-ctx.Done():
		case <-after(pause):
		}
	}
}

func (c *Client) keep(ctx context.Context, store AnswerStore) error {
	answers := c.notes.take()
	if len(answers) == 0 {
		return nil
	}
	err := store.KeepAnswers(ctx, answers)
	if err != nil {
		c.notes.add(answers...)
	}
	return err
}

func (c *Client) prune(ctx context.Context, store AnswerStore) error {
	before := c.now().Add(-staleFor)
	for _, m := range c.memos() {
		if err := store.PruneAnswers(ctx, m.name(), before, maxAnswers); err != nil {
			return err
		}
	}
	return nil
}
