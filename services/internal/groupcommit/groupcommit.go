// Package groupcommit turns many small durable writes into few large ones: while one batch is being
// written, the next gathers. There is no timer, so a lone write waits for nothing, and the busier it
// gets, the larger the batches.
//
// Stores import it; it imports none of ours but apperr.
package groupcommit

import (
	"context"
	"runtime"
	"sync"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// Writer gathers items into batches and writes these one after another.
type Writer[T any] struct {
	limit int
	write func([]T) []error

	// wake holds a token while gathering is not empty, or the writer was closed.
	wake chan struct{}
	// stopped is closed when the last batch is written.
	stopped chan struct{}

	mu        sync.Mutex
	gathering *batch[T]
	closed    bool
}

// batch is what is written together. One channel for all its waiters keeps the cost of an item to
// its place in a slice.
type batch[T any] struct {
	items   []T
	errs    []error
	written chan struct{}
}

// New starts a writer. write gets the items of one batch in the order of their arrival, at least one
// and at most limit; it must not keep the slice. It returns nil where all are written, else an error
// or nil for each item. It is never called twice at once.
//
// limit is also how many items may wait at most. The caller must Close the writer.
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

// Write waits until the batch with item is written and returns the item's error. When ctx ends
// before that, it returns ctx's error, and the item may still be written. Where nothing is written
// because too many wait, or the writer is closed, it returns an apperr of kind Unavailable.
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

// join puts an item into the gathering batch.
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

// wakeUp leaves a token unless one lies there. The caller holds mu.
func (w *Writer[T]) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes batch after batch until the writer is closed and nothing waits.
func (w *Writer[T]) run() {
	defer close(w.stopped)
	var spare []T
	for range w.wake {
		// Those whom the last batch woke may have their next item ready: let them join.
		runtime.Gosched()
		b, last := w.take(spare)
		if len(b.items) > 0 {
			b.errs = w.write(b.items)
			clear(b.items) // what was written need not stay in memory
			close(b.written)
		}
		spare = b.items[:0]
		if last {
			return
		}
	}
}

// take swaps the gathering batch for an empty one, whose items go into spare. last says that the
// writer is closed, so that no batch comes after it.
func (w *Writer[T]) take(spare []T) (b *batch[T], last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b = w.gathering
	w.gathering = newBatch(spare)
	return b, w.closed
}

// Close refuses further items, waits until those that joined are written, and ends the writer. It
// may be called more than once.
func (w *Writer[T]) Close() {
	w.mu.Lock()
	w.closed = true
	w.wakeUp()
	w.mu.Unlock()
	<-w.stopped
}
