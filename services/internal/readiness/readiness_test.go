package readiness_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/readiness"
)

func named(t *testing.T, results readiness.Results, name string) readiness.Result {
	t.Helper()
	for _, r := range results {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("%+v has no %s", results, name)
	return readiness.Result{}
}

// TestLooksAreShared checks that any number of callers cause one check in an interval.
func TestLooksAreShared(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	p := readiness.New(slog.Default(), time.Hour, readiness.Dependency{Name: "store", Look: func(context.Context) error {
		looks.Add(1)
		return nil
	}})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if !p.Results(t.Context()).Ready() {
				t.Error("not ready")
			}
		})
	}
	all.Wait()
	if n := looks.Load(); n != 1 {
		t.Errorf("%d looks, want 1", n)
	}
}

// TestHangingDependency checks that a hanging dependency is reported, that the others are still checked, and that it is
// not checked twice at once.
func TestHangingDependency(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	released := make(chan struct{})
	p := readiness.New(slog.New(slog.DiscardHandler), 0,
		readiness.Dependency{Name: "store", Look: func(context.Context) error {
			looks.Add(1)
			<-released // like a write to a frozen disk, which no context ends
			return nil
		}},
		readiness.Dependency{Name: "disk", Look: func(context.Context) error { return nil }})
	found := p.Results(t.Context())
	if r := named(t, found, "store"); r.Ready || !strings.Contains(r.Why, "no answer") || !named(t, found, "disk").Ready || found.Ready() {
		t.Errorf("%+v", found)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if p.Results(ctx).Ready() {
		t.Error("ready while it hangs")
	}
	close(released)
	for !p.Results(t.Context()).Ready() {
		time.Sleep(time.Millisecond)
	}
	if n := looks.Load(); n > 2 { // the last check may be another one
		t.Errorf("%d looks while the first hung", n)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failure  error
		optional bool
		code     int
		why      string
	}{
		"ready":                {nil, false, 200, ""},
		"told":                 {apperr.New(apperr.Unavailable, "X", "the disk is full"), false, 503, "the disk is full"},
		"of ours":              {errors.New("secret"), false, 503, "it cannot be used; the log says why"},
		"not needed to serve":  {apperr.New(apperr.Unavailable, "X", "it is away"), true, 200, "it is away"},
		"an apperr with cause": {apperr.New(apperr.Unavailable, "X", "it is away").Because(errors.New("secret")), false, 503, "it is away"},
	} {
		p := readiness.New(slog.New(slog.DiscardHandler), 0, readiness.Dependency{
			Name: "store", Optional: c.optional, Look: func(context.Context) error { return c.failure },
		})
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		var answer struct {
			Status       string
			Dependencies readiness.Results
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if r := named(t, answer.Dependencies, "store"); w.Code != c.code || r.Why != c.why || r.Ready != (c.failure == nil) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if again := readiness.FromTrailer(answer.Dependencies.Trailer()); len(again) != 1 || again[0] != answer.Dependencies[0] {
			t.Errorf("%s: through a trailer: %+v", name, again)
		}
	}
}

// TestDisk uses a separate disk that is nearly full. It needs the right to mount one, which CI has.
func TestDisk(t *testing.T) {
	t.Parallel()
	if found := readiness.New(slog.Default(), 0, readiness.Disk(t.TempDir())).Results(t.Context()); !named(t, found, "disk").Ready {
		t.Errorf("%+v", found)
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=8m", "none", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mounting a small disk: %v: %s", err, out)
		}
		t.Skipf("no small disk can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir).Run(); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	})
	found := readiness.New(slog.New(slog.DiscardHandler), 0, readiness.Disk(dir)).Results(t.Context())
	if r := named(t, found, "disk"); r.Ready || !strings.Contains(r.Why, "8 MiB left") {
		t.Errorf("a disk of 8 MiB: %+v", r)
	}
	if err := readiness.CheckRoom(dir, 1<<20); err == nil || !strings.Contains(err.Error(), "8 MiB left, and 17 are needed") {
		t.Errorf("room for 1 MiB more: %v", err)
	}
}
