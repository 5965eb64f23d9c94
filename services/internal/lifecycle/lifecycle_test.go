package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/httpserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
	"github.com/couponlink/couponlink/services/internal/readiness"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listeners, err := lifecycle.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listeners[0]
}

func TestRunFinishesRequestsUnderWay(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		time.Sleep(100 * time.Millisecond)
		w.WriteHeader(http.StatusTeapot)
	})
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() {
		ran <- lifecycle.Run(ctx, lifecycle.Stop{Timeout: 20 * time.Second},
			lifecycle.Part{Name: "HTTP", Server: httpserve.New(handler, slog.Default()), Listener: listener},
			lifecycle.Part{Name: "gRPC", Server: grpcserve.New(grpcserve.Config{}), Listener: listen(t)})
	}()
	answered := make(chan int, 1)
	go func() {
		resp, err := http.Get("http://" + listener.Addr().String()) //nolint:noctx // the test ends it
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-entered
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	if code := <-answered; code != http.StatusTeapot {
		t.Errorf("the request under way got %d", code)
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("it still accepts")
	}
}

func TestRunOfAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := lifecycle.Run(ctx, lifecycle.Stop{Timeout: 20 * time.Second},
		lifecycle.Part{Name: "HTTP", Server: httpserve.New(http.NotFoundHandler(), slog.Default()), Listener: listen(t)},
		lifecycle.Part{Name: "gRPC", Server: grpcserve.New(grpcserve.Config{}), Listener: listen(t)})
	if err != nil {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Serve(net.Listener) error { return f.err }

func (failing) Drain() {}

func (failing) Stop(context.Context) {}

func TestOneFailureEndsAll(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	err := lifecycle.Run(t.Context(), lifecycle.Stop{Drain: time.Hour, Timeout: 20 * time.Second},
		lifecycle.Part{Name: "HTTP", Server: httpserve.New(http.NotFoundHandler(), slog.Default()), Listener: listen(t)},
		lifecycle.Part{Name: "the other", Server: failing{broken}})
	if !errors.Is(err, broken) {
		t.Errorf("Run: %v", err)
	}
}

func TestListenAllOrNone(t *testing.T) {
	t.Parallel()
	taken := listen(t)
	defer func() { _ = taken.Close() }()
	if _, err := lifecycle.Listen(t.Context(), "127.0.0.1:0", taken.Addr().String()); err == nil {
		t.Error("an address that is taken was listened on")
	}
}

// TestRunDrains checks that during the drain, new connections are served and callers learn that a stop is near.
func TestRunDrains(t *testing.T) {
	t.Parallel()
	drained := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if readiness.IsStopping(r.Context()) {
			w.WriteHeader(http.StatusServiceUnavailable)
			close(drained)
		}
	})
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	worked := false
	go func() {
		stop := lifecycle.Stop{Drain: 500 * time.Millisecond, Timeout: time.Minute, Work: func(ctx context.Context) { worked = ctx.Err() == nil }}
		ran <- lifecycle.Run(ctx, stop, lifecycle.Part{Name: "HTTP", Server: httpserve.New(handler, slog.Default()), Listener: listener})
	}()
	cancel()
	for isDrained := false; !isDrained; {
		resp, err := http.Get("http://" + listener.Addr().String()) //nolint:noctx // the test ends it
		if err != nil {
			t.Fatalf("while it drains a request failed: %v", err)
		}
		_ = resp.Body.Close()
		select {
		case <-drained:
			isDrained = true
			if !resp.Close {
				t.Error("the answer does not close its connection")
			}
		default:
		}
	}
	if err := <-ran; err != nil || !worked {
		t.Errorf("Run: %v; work was ended: %v", err, worked)
	}
}
