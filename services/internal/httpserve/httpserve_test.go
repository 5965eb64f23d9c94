package httpserve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/stall"
)

// serve serves a handler on an address, or on one that is free, until stop is called.
func serve(t *testing.T, addr string, handler http.Handler, patience time.Duration) (s *Server, at string, stop func()) {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false) // as lifecycle.Listen
	listener, err := config.Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s = New(handler, slog.New(slog.DiscardHandler))
	s.patience = patience
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	return s, listener.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		s.Stop(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// TestStopsCutNoRequests stops and restarts a server 20 times under a load that keeps its connections. A refused
// connection is no loss: nothing was sent.
func TestStopsCutNoRequests(t *testing.T) {
	t.Parallel()
	const stops, drain, callers = 20, 15 * time.Millisecond, 8
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "hello")
	})
	s, addr, stop := serve(t, "127.0.0.1:0", hello, stall.Patience)
	ctx, cancel := context.WithCancel(t.Context())
	var answered, refused atomic.Int64
	var load sync.WaitGroup
	for range callers {
		load.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for ctx.Err() == nil {
				// The body cannot be read twice, so the client does not repeat the request itself.
				body := io.MultiReader(strings.NewReader("sale"))
				req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, "http://"+addr, body)
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := transport.RoundTrip(req)
				if failed := (*net.OpError)(nil); errors.As(err, &failed) && failed.Op == "dial" {
					refused.Add(1)
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					t.Errorf("a request was cut: %v", err)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				answered.Add(1)
			}
		})
	}
	for range stops {
		for before := answered.Load(); answered.Load() < before+50; {
			time.Sleep(time.Millisecond)
		}
		s.Drain()
		time.Sleep(drain)
		stop()
		s, _, stop = serve(t, addr, hello, stall.Patience)
	}
	cancel()
	load.Wait()
	stop()
	t.Logf("%d requests answered, %d refused", answered.Load(), refused.Load())
}

// TestStopAnswersWhatWasBegun checks that a request whose first byte has arrived is answered, and that a connection
// without one does not delay the stop.
func TestStopAnswersWhatWasBegun(t *testing.T) {
	t.Parallel()
	_, addr, stop := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), stall.Patience)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	answer := func(conn net.Conn, rest string) (int, bool) {
		if _, err := io.WriteString(conn, rest); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, false
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Close
	}
	dial() // sends nothing
	begun, kept := dial(), dial()
	if code, closes := answer(kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); code != http.StatusTeapot || closes {
		t.Fatalf("before the stop: %d, closes %v", code, closes)
	}
	for _, conn := range []net.Conn{begun, kept} {
		if _, err := io.WriteString(conn, "G"); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * idleGrace) // on a busy machine the server reads the first byte late
	began, stopped := time.Now(), make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	time.Sleep(2 * idleGrace)
	for name, conn := range map[string]net.Conn{"a new connection": begun, "a kept one": kept} {
		if code, closes := answer(conn, "ET / HTTP/1.1\r\nHost: x\r\n\r\n"); code != http.StatusTeapot || !closes {
			t.Errorf("%s with half a request at the stop: %d, closes %v", name, code, closes)
		}
	}
	<-stopped
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the stop took %s", took)
	}
}

// TestStopHasAnEnd checks that a request that is not answered is cut off when the stop's time is over.
func TestStopHasAnEnd(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	s, addr, stop := serve(t, "127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}), stall.Patience)
	send(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	s.Stop(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	stop()
}

// send opens a connection and sends text.
func send(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestStopWaitsLittleForHalfRequests checks that half a header and half a body hold up a stop for a short time only, and
// that a request whose body arrives meanwhile is answered, even if its answer takes longer.
func TestStopWaitsLittleForHalfRequests(t *testing.T) {
	t.Parallel()
	var entered sync.WaitGroup
	entered.Add(2)
	s, addr, _ := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			return
		}
		entered.Done()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		select {
		case <-time.After(arrivalGrace):
			w.WriteHeader(http.StatusTeapot)
		case <-r.Context().Done():
		}
	}), stall.Patience)
	const half = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf"
	send(t, addr, "GET / HT")
	send(t, addr, strings.Replace(half, "/", "/refused", 1)) // the server waits for the rest although it has answered
	send(t, addr, half)
	whole := send(t, addr, half)
	entered.Wait()
	time.Sleep(2 * idleGrace) // on a busy machine the server reads the header's half late
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Stop(ctx)
	}()
	time.Sleep(2 * idleGrace)
	if _, err := io.WriteString(whole, "half"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(whole), nil)
	if err != nil {
		t.Fatalf("a request that arrived during the stop: %v", err)
	}
	_ = resp.Body.Close()
	<-stopped
	if took := time.Since(began); resp.StatusCode != http.StatusTeapot || took > 2*arrivalGrace-2*idleGrace {
		t.Errorf("answered with %d, and stopped after %s", resp.StatusCode, took)
	}
}

// TestRefusedBodiesAreNotAwaited checks that a caller that asks before it sends a body, and is refused, is told so at once.
func TestRefusedBodiesAreNotAwaited(t *testing.T) {
	t.Parallel()
	_, addr, stop := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), stall.Patience)
	defer stop()
	began := time.Now()
	conn := send(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 418 ") {
		t.Errorf("told %q (%v)", status, err)
	}
	if took := time.Since(began); took >= arrivalGrace {
		t.Errorf("told after %s", took)
	}
}

// TestAnswersThatNobodyReads checks that a caller that does not read is cut off, and one that reads slowly is not.
func TestAnswersThatNobodyReads(t *testing.T) {
	t.Parallel()
	const patience, size = 300 * time.Millisecond, 8 << 20
	failed := make(chan error, 1)
	_, addr, stop := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, size))
		failed <- err
	}), patience)
	defer stop()
	ask := func() *net.TCPConn {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			t.Fatalf("%T is no TCP connection", conn)
		}
		if err := tcp.SetReadBuffer(32 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(tcp, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return tcp
	}
	ask()
	select {
	case err := <-failed:
		if err == nil {
			t.Error("all was written to a caller that does not read")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a caller that does not read holds its answer")
	}
	slow, got, began := ask(), 0, time.Now()
	buffer := make([]byte, size/16)
	for {
		n, err := io.ReadFull(slow, buffer)
		got += n
		if err != nil {
			break
		}
		time.Sleep(patience / 8)
	}
	if err := <-failed; err != nil || got < size || time.Since(began) < patience {
		t.Errorf("a slow caller got %d of %d bytes in %s: %v", got, size, time.Since(began), err)
	}
}

// TestStopAnswersWhatWasBegunEarly checks that a request is answered whose first byte came before the handler of the one
// before it had returned.
func TestStopAnswersWhatWasBegunEarly(t *testing.T) {
	t.Parallel()
	_, addr, stop := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(idleGrace / 2)
	}), stall.Patience)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answers := bufio.NewReader(conn)
	ask := func(part string) {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	answered := func() error {
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	}
	ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := answered(); err != nil {
		t.Fatal(err)
	}
	ask("G") // the first handler still sleeps
	time.Sleep(2 * idleGrace)
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	time.Sleep(2 * idleGrace)
	ask("ET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := answered(); err != nil {
		t.Errorf("the request that began early got %v", err)
	}
	<-stopped
}
