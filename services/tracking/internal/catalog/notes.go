package catalog

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/tracking/internal/flow"
)

const (
	// noteAfter is how old what is kept of an answer may be that has not changed: that much sooner than one
	// in memory it is not trusted any more after a restart.
	noteAfter = 5 * time.Minute
	// gatherFor is how long changed answers are gathered before they are kept.
	gatherFor = 200 * time.Millisecond
	// keepPause is how long keeping rests after it failed, pruneInterval how often old answers are removed.
	keepPause     = 5 * time.Second
	pruneInterval = 10 * time.Minute
	// lastKeep bounds the keeping of what is left when the service stops.
	lastKeep = 5 * time.Second
	// maxBodyBytes bounds an answer that is kept; a larger one is only held in memory.
	maxBodyBytes = 64 << 10
)

// notes are the answers that are to be kept. They are gathered where answers are learnt, and kept by one
// goroutine, so that nobody who asks waits for the store.
type notes struct {
	seed maphash.Seed
	// changed holds a token while there is something to keep.
	changed chan struct{}

	mu      sync.Mutex
	waiting map[question]flow.Answer
}

type question struct{ kind, key string }

// noted is what was last given to be kept of an answer.
type noted struct {
	sum  uint64
	time time.Time
}

func newNotes() *notes {
	return &notes{seed: maphash.MakeSeed(), changed: make(chan struct{}, 1), waiting: map[question]flow.Answer{}}
}

// note has an answer kept, unless what was noted of it before will do, and returns what is noted of it now.
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
		body = []byte{} // nil is none
	}
	n.add(flow.Answer{Kind: kind, Key: key, Body: body, Time: asked})
	return now
}

// gone has what is kept of an answer removed.
func (n *notes) gone(kind, key string, asked time.Time) {
	n.add(flow.Answer{Kind: kind, Key: key, Time: asked})
}

func (n *notes) add(answers ...flow.Answer) {
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

// take returns what is to be kept, and forgets it.
func (n *notes) take() []flow.Answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := make([]flow.Answer, 0, len(n.waiting))
	for _, a := range n.waiting {
		answers = append(answers, a)
	}
	clear(n.waiting)
	return answers
}

// kept is a memo as what is kept of its answers sees it.
type kept interface {
	name() string
	recall(answer flow.Answer) error
}

func (m *memo[P, V]) name() string { return m.kind }

// recall puts an answer that was kept into memory, as old as it is.
func (m *memo[P, V]) recall(a flow.Answer) error {
	var said P
	said, ok := said.ProtoReflect().New().Interface().(P)
	if !ok {
		return fmt.Errorf("a kept answer of kind %s is of another type", m.kind)
	}
	if err := proto.Unmarshal(a.Body, said); err != nil {
		return fmt.Errorf("reading a kept answer of kind %s: %w", m.kind, err)
	}
	value, err := m.read(said)
	if err != nil {
		return fmt.Errorf("reading a kept answer of kind %s: %w", m.kind, err)
	}
	m.answers.Set(a.Key, answer[V]{value: value, asked: a.Time, noted: noted{maphash.Bytes(m.notes.seed, a.Body), a.Time}})
	return nil
}

func (c *Catalog) memos() []kept {
	return []kept{c.offers, c.tokens, c.coupons, c.standings, c.publishers}
}

// Recall takes the answers that were kept into memory: they are trusted as long as if there had been no
// restart. The error tells of those that cannot be read, which another version may have kept; the others
// are there.
func (c *Catalog) Recall(ctx context.Context, store flow.AnswerStore) error {
	now := c.now()
	var errs []error
	for _, m := range c.memos() {
		answers, err := store.Answers(ctx, m.name(), now.Add(-staleFor), maxAnswers)
		errs = append(errs, err)
		for _, a := range answers {
			if a.Time.After(now) {
				continue // of a clock that was wrong: it would be trusted for too long
			}
			errs = append(errs, m.recall(a))
		}
	}
	return errors.Join(errs...)
}

// Keep keeps answers as they are learnt, until ctx ends, so that Recall finds them. failed is told of each
// failure; what was not kept is tried again.
func (c *Catalog) Keep(ctx context.Context, store flow.AnswerStore, after func(time.Duration) <-chan time.Time, failed func(error)) {
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

func (c *Catalog) keep(ctx context.Context, store flow.AnswerStore) error {
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

func (c *Catalog) prune(ctx context.Context, store flow.AnswerStore) error {
	before := c.now().Add(-staleFor)
	for _, m := range c.memos() {
		if err := store.PruneAnswers(ctx, m.name(), before, maxAnswers); err != nil {
			return err
		}
	}
	return nil
}
