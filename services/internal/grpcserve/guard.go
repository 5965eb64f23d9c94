package grpcserve

import (
	"context"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/requestid"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// healthPrefix begins the methods that need no key. Probes have no key, and these methods reveal nothing.
const healthPrefix = "/grpc.health.v1.Health/"

// guard wraps every call. It checks the key, bounds the calls in flight, recovers from panics, trims the request's
// texts, and maps the handler's error. It is one interceptor rather than a chain, because this is the hot path.
type guard struct {
	key   bearer.Verifier
	gates *admission.Gates
	docs  string
	trim  trimmer
	// patience is sendPatience except in tests.
	patience time.Duration
	log      *slog.Logger
	doors    *doorlog.Log
}

// tap checks the key as soon as the headers of a network call have arrived. A call without the key costs no stream and
// no message.
func (g *guard) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if err := g.authorize(ctx, info.Header.Get("authorization"), info.FullMethodName); err != nil {
		return ctx, g.identified(err, requestid.Of(info.Header.Get(requestid.Header)))
	}
	return ctx, nil
}

// localUnary is unary for the in-process channel, which has no tap.
func (g *guard) localUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := g.authorize(ctx, metadata.ValueFromIncomingContext(ctx, "authorization"), info.FullMethod); err != nil {
		return nil, g.identified(err, requestOf(ctx))
	}
	return g.unary(ctx, req, info, handler)
}

// localStream is stream for the in-process channel.
func (g *guard) localStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := g.authorize(stream.Context(), metadata.ValueFromIncomingContext(stream.Context(), "authorization"), info.FullMethod); err != nil {
		return g.identified(err, requestOf(stream.Context()))
	}
	return g.stream(srv, stream, info, handler)
}

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	id := requestOf(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestid.Header, id)) // without it, the caller does not learn an id of ours
	defer func() { err = g.identified(err, id) }()
	gate := g.gates.Of(info.FullMethod)
	if !gate.Enter() {
		_ = grpc.SetTrailer(ctx, admission.NoRetry()) // without it, clients repeat the call; nothing worse
		return nil, gate.Refusal().Err()
	}
	defer gate.Leave()
	defer g.rescue(ctx, info.FullMethod, &err)
	g.trim.request(req)
	resp, err = handler(ctx, req)
	if err != nil {
		return nil, g.status(ctx, info.FullMethod, err)
	}
	return resp, nil
}

func (g *guard) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	id := requestOf(stream.Context())
	_ = stream.SetHeader(metadata.Pairs(requestid.Header, id)) // as above
	defer func() { err = g.identified(err, id) }()
	gate := g.gates.Of(info.FullMethod)
	if !gate.Enter() {
		stream.SetTrailer(admission.NoRetry())
		return gate.Refusal().Err()
	}
	defer gate.Leave()
	ctx := stream.Context()
	defer g.rescue(ctx, info.FullMethod, &err)
	if err := handler(srv, trimmedStream{patientStream{stream, g.patience}, &g.trim}); err != nil {
		return g.status(ctx, info.FullMethod, err)
	}
	return nil
}

// requestOf returns the id of the call that ctx serves.
func requestOf(ctx context.Context) string {
	return requestid.Of(metadata.ValueFromIncomingContext(ctx, requestid.Header))
}

// identified returns a call's error with the call's id and a link to read about it; nil for nil.
func (g *guard) identified(err error, id string) error {
	if err == nil {
		return nil
	}
	return rpcstatus.Identify(rpcstatus.WithHelp(status.Convert(err), g.docs), id).Err()
}

// rescue turns a panic into an error, so that one bad call ends neither the process nor other calls.
func (g *guard) rescue(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		g.log.ErrorContext(ctx, "a call panicked", slog.String("method", method), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		*err = rpcstatus.Internal().Err()
	}
}

// peerOf returns the address at the other end of a call's connection; "" for the in-process channel.
func peerOf(ctx context.Context) string {
	caller, ok := peer.FromContext(ctx)
	if !ok || caller.Addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(caller.Addr.String())
	if err != nil {
		return ""
	}
	return host
}

// authorize reports whether a call with these Authorization values may proceed.
func (g *guard) authorize(ctx context.Context, authorization []string, method string) error {
	if g.key.OK(authorization) || strings.HasPrefix(method, healthPrefix) {
		return nil
	}
	if len(authorization) > 0 {
		g.doors.Refused(ctx, doorlog.WrongKey, peerOf(ctx), slog.String("method", method))
	}
	return rpcstatus.Unauthenticated().Err()
}
