// Package httpserve makes the HTTP servers, with their limits, timeouts and graceful stop.
//
// The services' wiring may import it; of ours it imports readiness and stall.
package httpserve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/stall"
)

// Limits of one connection. A request has its headers read within 10 seconds and is read whole within 30, so
// that a slow sender holds nothing; an idle connection is kept for 2 minutes, longer than clients and proxies
// usually keep it: the caller should be the one that closes it.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// When a server stops, connections without a request are closed after idleGrace: a request may be under way to
// them already. lookInterval is the time between two looks at whether there are any.
const (
	idleGrace    = 200 * time.Millisecond
	lookInterval = 5 * time.Millisecond
)

// Server serves one handler.
type Server struct {
	http http.Server
	// patience is stall.Patience, but in tests.
	patience time.Duration
	stopping atomic.Bool

	mu       sync.Mutex
	listener *listener
	// quiet are the connections that have no request now.
	quiet map[*progressConn]struct{}
}

// New returns a Server. It logs its own errors, such as a handler's panic, to log.
func New(handler http.Handler, log *slog.Logger) *Server {
	s := &Server{quiet: map[*progressConn]struct{}{}, patience: stall.Patience}
	s.http = http.Server{
		Handler:           s.closing(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         s.note,
		BaseContext: func(net.Listener) context.Context {
			return readiness.WithStopping(context.Background(), &s.stopping)
		},
	}
	return s
}

// closing returns a handler whose responses, once the server stops, tell callers to use another connection.
func (s *Server) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// note keeps track of the connections without a request.
func (s *Server) note(c net.Conn, state http.ConnState) {
	conn, ok := c.(*progressConn)
	if !ok {
		return // cannot be: the listener makes all of them
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew || state == http.StateIdle {
		conn.hasRead.Store(false)
		s.quiet[conn] = struct{}{}
		return
	}
	delete(s.quiet, conn)
}

// quietConns returns the number of connections that have no request, or one whose header is incomplete. If
// closing, it closes those that have no byte of a request, and does not count them.
func (s *Server) quietConns(closing bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.quiet)
	for conn := range s.quiet {
		if closing && !conn.hasRead.Load() {
			_ = conn.Close() // its goroutine notices
			n--
		}
	}
	return n
}

// Serve accepts connections until Stop. It returns nil after Stop, else why it failed.
func (s *Server) Serve(l net.Listener) error {
	own := newListener(l, s.patience)
	s.mu.Lock()
	s.listener = own
	s.mu.Unlock()
	err := s.http.Serve(own)
	if errors.Is(err, http.ErrServerClosed) || own.isClosing() {
		return nil
	}
	return err
}

// Drain makes the server close each connection after its next response. The server keeps serving, new
// connections too.
func (s *Server) Drain() { s.stopping.Store(true) }

// Stop stops accepting connections, answers the requests on those already accepted, and waits for requests
// under way. When ctx ends, it cuts off what remains.
func (s *Server) Stop(ctx context.Context) {
	s.Drain()
	s.mu.Lock()
	accepting := s.listener
	s.mu.Unlock()
	if accepting != nil {
		_ = accepting.Close()
	}
	s.awaitQuiet(ctx)
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// awaitQuiet waits until each connection has a request or is closed. A connection is closed after idleGrace
// unless a byte of a request was read.
func (s *Server) awaitQuiet(ctx context.Context) {
	graceEnd := time.Now().Add(idleGrace)
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for s.quietConns(time.Now().After(graceEnd)) > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
