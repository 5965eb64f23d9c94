package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// newTestShelf returns a shelf with a clock that stands at *now, filled by load.
func newTestShelf(t *testing.T, now *time.Time, load func(context.Context, string) (int, error)) (*shelf[string, int], *generation) {
	t.Helper()
	writes := &generation{}
	return newShelf(writes, func() time.Time { return *now }, load, weighOne), writes
}

func TestShelfAnswersFromMemory(t *testing.T) {
	now, loads := noon, 0
	s, writes := newTestShelf(t, &now, func(context.Context, string) (int, error) {
		loads++
		return loads, nil
	})
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"the first is loaded", func() {}, 1},
		{"the second is not", func() {}, 1},
		{"nor is one 999 ms later", func() { now = noon.Add(999 * time.Millisecond) }, 1},
		{"one a second later is", func() { now = noon.Add(time.Second) }, 2},
		{"one after a write is", writes.forget, 3},
		{"the next is not", func() {}, 3},
		{"one with the clock set back is", func() { now = noon }, 4},
	} {
		step.do()
		if got, err := s.get(t.Context(), "key"); err != nil || got != step.want {
			t.Fatalf("%s: got %d, %v; want %d", step.name, got, err, step.want)
		}
	}
}

func TestShelfKeepsNoErrors(t *testing.T) {
	now, broken := noon, errors.New("broken")
	failing := true
	s, _ := newTestShelf(t, &now, func(context.Context, string) (int, error) {
		if failing {
			return 0, broken
		}
		return 7, nil
	})
	if _, err := s.get(t.Context(), "key"); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	failing = false
	if got, err := s.get(t.Context(), "key"); err != nil || got != 7 {
		t.Fatalf("got %d, %v", got, err)
	}
}

func TestShelfLoadsOnceForAllWhoAskAtOnce(t *testing.T) {
	now := noon
	var loads atomic.Int32
	release := make(chan struct{})
	s, _ := newTestShelf(t, &now, func(context.Context, string) (int, error) {
		loads.Add(1)
		<-release
		return 7, nil
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := s.get(t.Context(), "key"); err != nil || got != 7 {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	for loads.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	close(release)
	all.Wait()
	if loads.Load() != 1 {
		t.Errorf("%d loads", loads.Load())
	}
}

// A caller who asks after a write must not get the result of a load that began before it, neither from memory
// nor by waiting for the load.
func TestShelfDropsALoadThatAWriteOvertook(t *testing.T) {
	now := noon
	var stored atomic.Int64
	stored.Store(1)
	began, release := make(chan struct{}), make(chan struct{})
	slow := true
	s, writes := newTestShelf(t, &now, func(context.Context, string) (int, error) {
		read := stored.Load()
		if slow {
			slow = false
			close(began)
			<-release
		}
		return int(read), nil
	})
	first := make(chan int)
	go func() {
		got, err := s.get(context.WithoutCancel(t.Context()), "key")
		if err != nil {
			t.Error(err)
		}
		first <- got
	}()
	<-began
	stored.Store(2)
	writes.forget()
	if got, err := s.get(t.Context(), "key"); err != nil || got != 2 {
		t.Fatalf("during the old load: got %d, %v; want 2", got, err)
	}
	close(release)
	if got := <-first; got != 1 {
		t.Errorf("who asked before the write: got %d, want 1", got)
	}
	if got, err := s.get(t.Context(), "key"); err != nil || got != 2 {
		t.Fatalf("after the old load: got %d, %v; want 2", got, err)
	}
}

func TestShelfLoadOutlivesTheCallerWhoBeganIt(t *testing.T) {
	now := noon
	began, release := make(chan struct{}), make(chan struct{})
	s, _ := newTestShelf(t, &now, func(ctx context.Context, _ string) (int, error) {
		close(began)
		<-release
		return 7, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := s.get(ctx, "key")
		gone <- err
	}()
	<-began
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	close(release)
	if got, err := s.get(t.Context(), "key"); err != nil || got != 7 {
		t.Fatalf("got %d, %v", got, err)
	}
}

func TestShelfIsBounded(t *testing.T) {
	now := noon
	s, _ := newTestShelf(t, &now, func(context.Context, string) (int, error) { return 0, nil })
	for i := range 3 * shelfWeight {
		if _, err := s.get(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	s.answers.CleanUp()
	if size := s.answers.EstimatedSize(); size > shelfWeight/2 {
		t.Errorf("%d answers are held, each of weight 2; at most %d may be", size, shelfWeight/2)
	}
}

func TestShelfHitsAllocateNothing(t *testing.T) {
	now := noon
	writes := &generation{}
	s := newShelf(writes, func() time.Time { return now }, func(context.Context, codeKey) (Candidates, error) {
		return Candidates{}, nil
	}, func(Candidates) int { return 0 })
	key := codeKey{offer: "10", code: "SALEXYZ20"}
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := s.get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations per hit", allocations)
	}
}
