package grpcdial

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// readyPatience is how long a call that must not be sent twice waits for a connection. A restarting instance is back
// soon.
const readyPatience = time.Second

// Patient is a connection that hides the restart of an instance. It retries calls that change nothing if the
// connection breaks, up to five times within about two seconds. Other calls wait at most a second for a ready
// connection, and are sent once.
type Patient struct {
	*grpc.ClientConn
	safe map[string]bool
}

// DialPatient is Dial for callers that prefer waiting to failing.
func DialPatient(target string) (*Patient, error) {
	safe, err := retried()
	if err != nil {
		return nil, err
	}
	conn, err := dial(target, grpc.WithStatsHandler(sent{}))
	if err != nil {
		return nil, err
	}
	return &Patient{ClientConn: conn, safe: safe}, nil
}

// Invoke implements grpc.ClientConnInterface.
func (p *Patient) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if p.needsNoWait(method) {
		return p.ClientConn.Invoke(ctx, method, args, reply, opts...)
	}
	ctx, release := waiting(ctx)
	defer release()
	return explain(ctx, p.ClientConn.Invoke(ctx, method, args, reply, append(opts, grpc.WaitForReady(true))...))
}

// NewStream implements grpc.ClientConnInterface.
func (p *Patient) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if p.needsNoWait(method) {
		return p.ClientConn.NewStream(ctx, desc, method, opts...)
	}
	ctx, release := waiting(ctx)
	stream, err := p.ClientConn.NewStream(ctx, desc, method, append(opts, grpc.WaitForReady(true))...)
	if err != nil {
		release()
		return nil, explain(ctx, err)
	}
	context.AfterFunc(stream.Context(), release)
	return stream, nil
}

// needsNoWait reports whether gRPC retries a method itself, or the method checks the service's health.
func (p *Patient) needsNoWait(method string) bool {
	return p.safe[method] || strings.HasPrefix(method, "/grpc.health.v1.")
}

// errNotReady is the cause with which the context of a call ends if it found no connection.
var errNotReady = errors.New("no connection")

type patienceKey struct{}

// waiting returns a context for a call that waits for a connection. It ends with the cause errNotReady after
// readyPatience, unless the call has been sent by then: see sent. The caller must call release when the call is done.
func waiting(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	patience := time.AfterFunc(readyPatience, func() { cancel(errNotReady) })
	return context.WithValue(ctx, patienceKey{}, patience), func() {
		patience.Stop()
		cancel(nil)
	}
}

// explain returns a call's error, or the error for a missing connection if that is why the call failed.
func explain(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errNotReady) {
		return status.Errorf(codes.Unavailable, "no connection to the service within %s", readyPatience)
	}
	return err
}

// sent ends a call's wait for a connection once gRPC sends the call.
type sent struct{}

// HandleRPC implements stats.Handler.
func (sent) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if _, ok := event.(*stats.OutHeader); !ok {
		return
	}
	if patience, ok := ctx.Value(patienceKey{}).(*time.Timer); ok {
		patience.Stop()
	}
}

// TagRPC implements stats.Handler.
func (sent) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn implements stats.Handler.
func (sent) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (sent) HandleConn(context.Context, stats.ConnStats) {}
