package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

const (
	// pulsePatience is how long a request waits before the gateway checks the service's health, and pulseTimeout
	// bounds that check. Together they bound how long a request waits for a service that hangs.
	pulsePatience = 500 * time.Millisecond
	pulseTimeout  = 1250 * time.Millisecond
	// pulseInterval is the pause between two such checks.
	pulseInterval = 250 * time.Millisecond
)

// errNoPulse ends the requests that wait for a service that hangs.
var errNoPulse = errors.New("the service does not answer")

// pulse tells a slow service from one that hangs. A slow service, which computes a report or waits for its
// disk, still answers health checks, and requests wait for it. A service that does not answer health checks
// hangs: waiting requests fail, and so do new ones at once, until it answers again.
type pulse struct {
	service string
	// feel checks the service's health. It fails only if its context's deadline passes.
	feel func(context.Context) error
	log  *slog.Logger
	// life ends with the process.
	life context.Context //nolint:containedctx // the checks serve all requests, and outlive each

	mu sync.Mutex
	// alive is canceled with the cause errNoPulse when the service hangs.
	alive context.Context //nolint:containedctx // as above
	lost  context.CancelCauseFunc
	// waiting counts the requests that have waited for longer than pulsePatience.
	waiting int
	// isFeeling means that a goroutine is running keepFeeling.
	isFeeling bool
}

// newPulse returns the pulse of the service that conn connects to. The goroutines it starts end with life.
func newPulse(life context.Context, service string, conn grpc.ClientConnInterface, log *slog.Logger) *pulse {
	client := healthpb.NewHealthClient(conn)
	p := &pulse{service: service, log: log, life: life, feel: func(ctx context.Context) error {
		// The server checks nothing for an unknown service name, and any answer is a sign of life.
		_, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "pulse"})
		if status.Code(err) == codes.DeadlineExceeded {
			return err
		}
		return nil
	}}
	p.alive, p.lost = context.WithCancelCause(life)
	return p
}

// hold returns a context that is canceled with the cause errNoPulse if the service hangs. Call release once
// the request is done. hold fails with errNoPulse if the service is known to hang.
func (p *pulse) hold(ctx context.Context) (held context.Context, release func(), err error) {
	p.mu.Lock()
	alive := p.alive
	p.mu.Unlock()
	if context.Cause(alive) == errNoPulse { //nolint:errorlint // it is never wrapped
		return nil, nil, errNoPulse
	}
	held, cancel := context.WithCancelCause(ctx)
	unlink := context.AfterFunc(alive, func() { cancel(context.Cause(alive)) })
	patience := time.AfterFunc(pulsePatience, func() { p.wait(1) })
	return held, sync.OnceFunc(func() {
		if !patience.Stop() {
			p.wait(-1)
		}
		unlink()
		cancel(nil)
	}), nil
}

// wait records that a request has waited longer than pulsePatience, or has stopped waiting.
func (p *pulse) wait(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting += n
	if p.waiting > 0 && !p.isFeeling {
		p.isFeeling = true
		go p.keepFeeling()
	}
}

// keepFeeling checks the service's health while requests wait or the service hangs.
func (p *pulse) keepFeeling() {
	for {
		ctx, cancel := context.WithTimeout(p.life, pulseTimeout)
		err := p.feel(ctx)
		cancel()
		if p.life.Err() != nil || !p.note(err == nil) {
			return
		}
		select {
		case <-p.life.Done():
			return
		case <-time.After(pulseInterval):
		}
	}
}

// note records whether a check was answered, and reports whether to check again.
func (p *pulse) note(answered bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	hung := p.alive.Err() != nil
	switch {
	case !answered && !hung:
		p.log.Warn("a service hangs; requests to it fail until it answers", slog.String("service", p.service))
		p.lost(errNoPulse)
	case answered && hung:
		p.log.Info("a service answers again", slog.String("service", p.service))
		p.alive, p.lost = context.WithCancelCause(p.life)
	}
	p.isFeeling = !answered || p.waiting > 0
	return p.isFeeling
}

func (p *pulse) status() *status.Status {
	return rpcstatus.New(codes.Unavailable, rest.ReasonUnreachable, "the "+p.service+" does not answer; try again", rpcstatus.Retry())
}

// guard returns a handler that cancels requests to next, with the cause errNoPulse, when the service hangs;
// next answers them. New requests meanwhile get 503 at once.
func (p *pulse) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, release, err := p.hold(r.Context())
		if err != nil {
			refusePartner(w, r, p.status())
			return
		}
		defer release()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// pulsed is a connection whose calls fail with Unavailable when the service hangs.
type pulsed struct {
	grpc.ClientConnInterface
	*pulse
}

// Invoke implements grpc.ClientConnInterface.
func (c pulsed) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, release, err := c.hold(ctx)
	if err != nil {
		return c.status().Err()
	}
	defer release()
	return c.explain(ctx, c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...))
}

// NewStream implements grpc.ClientConnInterface.
func (c pulsed) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, release, err := c.hold(ctx)
	if err != nil {
		return nil, c.status().Err()
	}
	stream, err := c.ClientConnInterface.NewStream(ctx, desc, method, opts...)
	if err != nil {
		release()
		return nil, c.explain(ctx, err)
	}
	context.AfterFunc(stream.Context(), release)
	return pulsedStream{ClientStream: stream, conn: c, held: ctx}, nil
}

// explain returns a call's error, or why its context ended if that is why the call failed.
func (c pulsed) explain(held context.Context, err error) error {
	if err != nil && context.Cause(held) == errNoPulse { //nolint:errorlint // it is never wrapped
		return c.status().Err()
	}
	return err
}

type pulsedStream struct {
	grpc.ClientStream
	conn pulsed
	held context.Context //nolint:containedctx // the stream's own
}

// RecvMsg implements grpc.ClientStream.
func (s pulsedStream) RecvMsg(m any) error {
	return s.conn.explain(s.held, s.ClientStream.RecvMsg(m))
}
