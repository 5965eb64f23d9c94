package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/groupcommit"
)

// gate is a write function that a test controls: it reports each batch on begun and waits for a token from finish.
type gate struct {
	begun  chan []int
	finish chan struct{}
}

func newGate() gate { return gate{make(chan []int), make(chan struct{})} }

func (g gate) write(batch []int) []error {
	g.begun <- slices.Clone(batch)
	<-g.finish
	return nil
}

// start calls Write in a goroutine and returns the channel for its error.
func start(ctx context.Context, w *groupcommit.Writer[int], item int) <-chan error {
	err := make(chan error, 1)
	go func() { err <- w.Write(ctx, item) }()
	return err
}

func TestWhileOneBatchIsWrittenTheNextGathers(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := newGate()
	w := groupcommit.New(100, g.write)
	first := start(t.Context(), w, 0)
	if batch := <-g.begun; !slices.Equal(batch, []int{0}) {
		t.Fatalf("the first batch is %v, want only the first item, at once", batch)
	}
	// Wait until each item has joined before adding the next. Otherwise it ends with its context, and the batch misses
	// it.
	var rest []<-chan error
	for item := 1; item <= 50; item++ {
		rest = append(rest, startJoined(t, w, item))
	}
	g.finish <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("the first item: %v", err)
	}
	var want []int
	for item := 1; item <= 50; item++ {
		want = append(want, item)
	}
	if batch := <-g.begun; !slices.Equal(batch, want) {
		t.Errorf("the second batch is %v, want all that arrived meanwhile, in order", batch)
	}
	select {
	case err := <-rest[0]:
		t.Errorf("an item was done (%v) before its batch was", err)
	default:
	}
	g.finish <- struct{}{}
	for i, err := range rest {
		if err := <-err; err != nil {
			t.Errorf("item %d: %v", i+1, err)
		}
	}
	w.Close()
}

// startJoined is start, but returns only once the item has joined the batch. A context that ends after that reports it.
func startJoined(t *testing.T, w *groupcommit.Writer[int], item int) <-chan error {
	t.Helper()
	joined := &joinContext{Context: t.Context(), reached: make(chan struct{})}
	err := start(joined, w, item)
	<-joined.reached
	return err
}

// joinContext reports the first call of Done, which Write makes once the item has joined.
type joinContext struct {
	context.Context
	reached chan struct{}
	once    sync.Once
}

func (c *joinContext) Done() <-chan struct{} {
	c.once.Do(func() { close(c.reached) })
	return c.Context.Done()
}

func TestEachCallerGetsItsOwnError(t *testing.T) {
	defer goleak.VerifyNone(t)
	w := groupcommit.New(1000, func(batch []int) []error {
		errs := make([]error, len(batch))
		for i, item := range batch {
			if item%3 == 0 {
				errs[i] = fmt.Errorf("item %d", item)
			}
		}
		return errs
	})
	defer w.Close()
	var all sync.WaitGroup
	for item := range 1000 {
		all.Go(func() {
			err := w.Write(t.Context(), item)
			if item%3 == 0 && (err == nil || err.Error() != fmt.Sprintf("item %d", item)) || item%3 != 0 && err != nil {
				t.Errorf("item %d got the error %v", item, err)
			}
		})
	}
	all.Wait()
}

func TestEveryItemIsWrittenOnce(t *testing.T) {
	defer goleak.VerifyNone(t)
	var seen [20_000]atomic.Int32
	var batches int
	w := groupcommit.New(64, func(batch []int) []error {
		batches++
		if len(batch) == 0 || len(batch) > 64 {
			t.Errorf("a batch has %d items", len(batch))
		}
		for _, item := range batch {
			seen[item].Add(1)
		}
		return nil
	})
	var all sync.WaitGroup
	for worker := range 32 {
		all.Go(func() {
			for item := worker; item < len(seen); item += 32 {
				if err := w.Write(t.Context(), item); err != nil {
					t.Errorf("item %d: %v", item, err)
				}
				if seen[item].Load() != 1 {
					t.Errorf("item %d was acknowledged and was written %d times", item, seen[item].Load())
				}
			}
		})
	}
	all.Wait()
	w.Close()
	if batches >= len(seen)/2 {
		t.Errorf("%d items took %d batches: they do not gather", len(seen), batches)
	}
}

func TestAFullQueueRefuses(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := newGate()
	w := groupcommit.New(2, g.write)
	waiting := []<-chan error{start(t.Context(), w, 0)}
	<-g.begun
	waiting = append(waiting, startJoined(t, w, 1), startJoined(t, w, 2))
	checkUnavailable(t, w.Write(t.Context(), 3), "STORE_OVERLOADED")
	g.finish <- struct{}{}
	if batch := <-g.begun; !slices.Equal(batch, []int{1, 2}) {
		t.Errorf("the batch is %v, want what was taken and not what was refused", batch)
	}
	g.finish <- struct{}{}
	for i, err := range waiting {
		if err := <-err; err != nil {
			t.Errorf("item %d: %v", i, err)
		}
	}
	w.Close()
}

func TestTheCallersContextEndsItsWait(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := newGate()
	w := groupcommit.New(10, g.write)
	first := start(t.Context(), w, 0)
	<-g.begun
	ctx, cancel := context.WithCancel(t.Context())
	second := start(ctx, w, 1)
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the one whose context ended got %v", err)
	}
	if err := w.Write(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("one whose context had ended before got %v", err)
	}
	close(g.finish)
	go func() {
		for batch := range g.begun {
			if slices.Contains(batch, 2) {
				t.Error("an item whose context had ended before was written")
			}
		}
	}()
	if err := <-first; err != nil {
		t.Errorf("the other item: %v", err)
	}
	w.Close()
	close(g.begun)
}

func TestCloseWritesWhatWaits(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := newGate()
	w := groupcommit.New(10, g.write)
	first := start(t.Context(), w, 0)
	<-g.begun
	second := startJoined(t, w, 1)
	closed := make(chan struct{})
	go func() {
		w.Close()
		close(closed)
	}()
	g.finish <- struct{}{}
	if batch := <-g.begun; !slices.Equal(batch, []int{1}) {
		t.Errorf("the last batch is %v", batch)
	}
	select {
	case <-closed:
		t.Error("Close returned before the last batch was written")
	default:
	}
	g.finish <- struct{}{}
	<-closed
	for _, err := range []<-chan error{first, second} {
		if err := <-err; err != nil {
			t.Errorf("an item that waited: %v", err)
		}
	}
	checkUnavailable(t, w.Write(t.Context(), 2), "STORE_CLOSED")
	w.Close()
}

func checkUnavailable(t *testing.T, err error, reason string) {
	t.Helper()
	if e := apperr.As(err); e == nil || e.Kind != apperr.Unavailable || e.Reason != reason {
		t.Errorf("the error is %v, want Unavailable with %s", err, reason)
	}
}

func BenchmarkWrite(b *testing.B) {
	w := groupcommit.New(4096, func([]int) []error { return nil })
	defer w.Close()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.Write(b.Context(), 1); err != nil {
				b.Error(err)
			}
		}
	})
}
