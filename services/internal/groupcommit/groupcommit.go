// Package groupcommit turns many small durable writes into a few large ones. While one batch is being written, the next
// gathers. There is no timer, so a lone write does not wait, and batches grow with the load.
//
// Stores import it; of our packages it imports apperr.
package groupcommit

import (
	"context"
	"runtime"
	"sync"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// Writer gathers items into batches and writes the batches one after another.
type Writer[T any] struct {
	limit int
	write func([]T) []error

	// wake has a token while gathering is not empty, or after Close.
	wake chan struct{}
	// stopped is closed once the last batch is written.
	stopped chan struct{}

	mu        sync.Mutex
	gathering *batch[T]
	closed    bool
}

// batch is a set of items to write together. All waiters share one channel, so that an item costs only its place in a
// slice.
type batch[T any] struct {
	items   []T
	errs    []error
	written chan struct{}
}

// New starts a writer. It calls write with the items of one batch in the order of arrival: at least one, at most limit.
// write must not keep the slice. It returns nil if all items were written; otherwise it returns an error or nil for
// each item. It is never called concurrently.
//
// limit is also the number of items that may wait. The caller must Close the writer.
func New[T any](limit int, write func([]T) []error) *Writer[T] {
	w := &Writer[T]{
		limit:     limit,
		write:     write,
		wake:      make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		gathering: newBatch[T](nil),
	}
	go w.run()
	return w
}

func newBatch[T any](items []T) *batch[T] {
	return &batch[T]{items: items, written: make(chan struct{})}
}

// Write waits until the batch with item is written and returns the item's error. If ctx ends first, it returns ctx's
// error, and the item may still be written. If too many items wait, or the writer is closed, it writes nothing and
// returns an *apperr.Error of kind Unavailable.
func (w *Writer[T]) Write(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, place, err := w.join(item)
	if err != nil {
		return err
	}
	select {
	case <-b.written:
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.errs == nil {
		return nil
	}
	return b.errs[place]
}

// join adds an item to the gathering batch.
func (w *Writer[T]) join(item T) (b *batch[T], place int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b = w.gathering
	place = len(b.items)
	switch {
	case w.closed:
		return nil, 0, apperr.New(apperr.Unavailable, "STORE_CLOSED", "the store is shutting down; try again")
	case place >= w.limit:
		return nil, 0, apperr.New(apperr.Unavailable, "STORE_OVERLOADED", "%d writes are waiting already; try again", place)
	}
	b.items = append(b.items, item)
	if place == 0 {
		w.wakeUp()
	}
	return b, place, nil
}

// wakeUp adds a token unless wake has one. The caller holds mu.
func (w *Writer[T]) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes batches until the writer is closed and nothing waits.
func (w *Writer[T]) run() {
	defer close(w.stopped)
	var spare []T
	for range w.wake {
		// Callers that the last batch woke may have their next item ready. Let them join.
		runtime.Gosched()
		b, last := w.take(spare)
		if len(b.items) > 0 {
			b.errs = w.write(b.items)
			clear(b.items) // written items need not stay in memory
			close(b.written)
		}
		spare = b.items[:0]
		if last {
			return
		}
	}
}

// take replaces the gathering batch with an empty one, which reuses spare. last reports that the writer is closed, so
// no batch follows.
func (w *Writer[T]) take(spare []T) (b *batch[T], last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b = w.gathering
	w.gathering = newBatch(spare)
	return b, w.closed
}

// Close refuses further items, waits until the accepted ones are written, and ends the writer. It may be called more
// than once.
func (w *Writer[T]) Close() {
	w.mu.Lock()
	w.closed = true
	w.wakeUp()
	w.mu.Unlock()
	<-w.stopped
}
