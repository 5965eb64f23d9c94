// Package httpserve makes the HTTP servers: limits and timeouts in one place.
//
// The services' wiring may import it; of ours it imports readiness.
package httpserve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of one connection. A request has its headers read within 10 seconds and is read whole
// within 30, so that a slow sender holds nothing; an idle connection is kept for 2 minutes, longer
// than clients and proxies usually do: the one who calls should be the one who closes.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// Server serves one handler.
type Server struct {
	http http.Server
}

// New returns a Server. Its own complaints, such as a handler's panic, go to log.
func New(handler http.Handler, log *slog.Logger) *Server {
	return &Server{http: http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
}

// Serve accepts connections until Stop. It returns nil after Stop, else why it failed.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Stop accepts nothing more and waits for requests under way, but not longer than until ctx ends:
// then it cuts them off.
func (s *Server) Stop(ctx context.Context) {
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}
