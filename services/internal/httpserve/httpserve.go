// Package httpserve builds HTTP servers with limits, timeouts and a graceful stop.
//
// The services' wiring may import it; of our packages it imports readiness and stall.
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

// Limits of a connection. A request's headers must arrive within 10 seconds, and all of it within 30, so that slow
// senders hold nothing up. An idle connection is kept for 2 minutes. That is longer than clients and proxies usually
// keep it, so that they are the ones to close it.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// When a server stops, it closes connections without a request after idleGrace, because a request may already be on its
// way. A request that has begun must have arrived after arrivalGrace. lookInterval is the time between two checks for
// connections without a whole header.
const (
	idleGrace    = 200 * time.Millisecond
	arrivalGrace = 3 * time.Second
	lookInterval = 5 * time.Millisecond
)

// Server serves a handler.
type Server struct {
	http http.Server
	// patience is stall.Patience except in tests.
	patience time.Duration
	stopping atomic.Bool
	arrivals arrivals

	mu       sync.Mutex
	listener *listener
	// quiet has the connections without a request.
	quiet map[*progressConn]struct{}
}

// New returns a Server. It logs its own errors, such as a handler's panic, to log.
func New(handler http.Handler, log *slog.Logger) *Server {
	s := &Server{quiet: map[*progressConn]struct{}{}, patience: stall.Patience, arrivals: arrivals{open: map[*arrival]struct{}{}}}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC needs it
	s.http = http.Server{
		Handler:           s.closing(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         &protocols,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         s.note,
		BaseContext: func(net.Listener) context.Context {
			return readiness.WithStopping(context.Background(), &s.stopping)
		},
	}
	return s
}

// closing returns a handler that, once the server stops, tells clients to use another connection, and does not wait long
// for bodies.
func (s *Server) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		tracked, end := s.arrivals.track(w, r)
		defer end()
		next.ServeHTTP(w, tracked)
	})
}

// note keeps track of the connections without a request.
func (s *Server) note(c net.Conn, state http.ConnState) {
	conn, ok := c.(*progressConn)
	if !ok {
		return // impossible: the listener makes all connections
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew || state == http.StateIdle {
		conn.hasRead.Store(conn.isAhead.Swap(false))
		s.quiet[conn] = struct{}{}
		return
	}
	delete(s.quiet, conn)
}

// quietConns returns the number of connections that have no request, or only part of a request's header. It closes
// those without a byte of a request after idleGrace, and the others after arrivalGrace, and does not count them. waited
// is the time since the server began to stop.
func (s *Server) quietConns(waited time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.quiet)
	for conn := range s.quiet {
		if waited > arrivalGrace || waited > idleGrace && !conn.hasRead.Load() {
			_ = conn.Close() // its goroutine notices
			n--
		}
	}
	return n
}

// Serve accepts connections until Stop. It returns nil after Stop, and otherwise why it failed.
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

// Drain makes the server close each connection after its next response. The server keeps serving and accepting
// connections.
func (s *Server) Drain() { s.stopping.Store(true) }

// Stop stops accepting connections, answers the requests on accepted ones, and waits for them. Requests have a few
// seconds to arrive. When ctx ends, it cuts off the rest.
func (s *Server) Stop(ctx context.Context) {
	s.Drain()
	s.mu.Lock()
	accepting := s.listener
	s.mu.Unlock()
	if accepting != nil {
		_ = accepting.Close()
	}
	s.arrivals.hurry(time.Now().Add(arrivalGrace))
	s.awaitQuiet(ctx)
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// awaitQuiet waits until each connection has a request or is closed.
func (s *Server) awaitQuiet(ctx context.Context) {
	began := time.Now()
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for s.quietConns(time.Since(began)) > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
