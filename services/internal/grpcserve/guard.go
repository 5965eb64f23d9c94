package grpcserve

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// healthPrefix begins the methods that need no key: a prober has none, and they tell nothing.
const healthPrefix = "/grpc.health.v1.Health/"

// guard is what stands around every call: recovery outside, then the key, then the request's texts
// trimmed, then the mapping of the handler's error. It is one interceptor and not a chain of three: this is the hot path.
type guard struct {
	key  bearer.Verifier
	trim trimmer
	log  *slog.Logger
}

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	defer g.rescue(ctx, info.FullMethod, &err)
	if err := g.authorize(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	g.trim.request(req)
	resp, err = handler(ctx, req)
	if err != nil {
		return nil, g.status(ctx, info.FullMethod, err)
	}
	return resp, nil
}

func (g *guard) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx := stream.Context()
	defer g.rescue(ctx, info.FullMethod, &err)
	if err := g.authorize(ctx, info.FullMethod); err != nil {
		return err
	}
	if err := handler(srv, trimmedStream{stream, &g.trim}); err != nil {
		return g.status(ctx, info.FullMethod, err)
	}
	return nil
}

// rescue turns a panic into an error: one bad call must not end the process, nor the others.
func (g *guard) rescue(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		g.log.ErrorContext(ctx, "a call panicked", slog.String("method", method), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		*err = rpcstatus.Internal().Err()
	}
}

func (g *guard) authorize(ctx context.Context, method string) error {
	if g.key.OK(metadata.ValueFromIncomingContext(ctx, "authorization")) || strings.HasPrefix(method, healthPrefix) {
		return nil
	}
	return rpcstatus.Unauthenticated().Err()
}
