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

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/requestid"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// healthPrefix begins the methods that need no key. Probes have no key, and these methods reveal nothing.
const healthPrefix = "/grpc.health.v1.Health/"

// guard wraps every call. It authenticates the caller and checks its permission, bounds the calls in flight, recovers from
// panics, trims the request's texts, withholds what the caller may not read, and maps the handler's error. It is one
// interceptor rather than a chain, because this is the hot path.
type guard struct {
	callers *authn.Authenticator
	// needed has the permission of each method, by its path.
	needed map[string]access.Permission
	// serves has by what the callers of each method may be limited, by its path. Limited callers may not call others.
	serves map[string][]optionsv1.RowLimit
	gates  *admission.Gates
	docs   string
	trim   trimmer
	hide   withholder
	// patience is sendPatience except in tests.
	patience time.Duration
	log      *slog.Logger
	doors    *doorlog.Log
}

// register learns the permissions of a service's methods. A method that states none is for the owner alone, unless it
// is gRPC's own.
func (g *guard) register(desc *grpc.ServiceDesc) {
	learn := func(method string) {
		path := "/" + desc.ServiceName + "/" + method
		if p, err := access.OfMethod(path); err == nil {
			g.needed[path], g.serves[path] = p, access.RowLimits(path)
		}
	}
	for _, m := range desc.Methods {
		learn(m.MethodName)
	}
	for _, s := range desc.Streams {
		learn(s.StreamName)
	}
}

// tap looks at the key as soon as the headers of a network call have arrived. A call whose key cannot be accepted costs
// no stream and no message. A caller that is known from before is passed on in the context.
func (g *guard) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	p, isOpen := g.callers.Known(info.Header.Get("authorization"))
	if p != nil {
		return access.With(ctx, p), nil
	}
	if isOpen || strings.HasPrefix(info.FullMethodName, healthPrefix) {
		return ctx, nil
	}
	g.noteRefusal(ctx, info.Header.Get("authorization"), info.FullMethodName)
	return ctx, g.identified(rpcstatus.Unauthenticated().Err(), requestid.Of(info.Header.Get(requestid.Header)))
}

// enter returns the context and the caller of a call that may go on, or the status that refuses it. id is the call's. Health
// checks have no caller.
func (g *guard) enter(ctx context.Context, method, id string) (context.Context, *access.Principal, error) {
	if strings.HasPrefix(method, healthPrefix) {
		return ctx, nil, nil
	}
	p := access.From(ctx)
	if p == nil {
		var err error
		authorization := metadata.ValueFromIncomingContext(ctx, "authorization")
		if p, err = g.callers.Authenticate(ctx, authorization); err != nil {
			if apperr.Is(err, apperr.Unauthenticated) {
				g.noteRefusal(ctx, authorization, method)
			}
			return ctx, nil, g.status(ctx, method, err)
		}
		ctx = access.With(ctx, p)
	}
	if err := g.admit(p, method); err != nil {
		return ctx, nil, g.status(ctx, method, err)
	}
	if needed, ok := g.needed[method]; ok && audit.Leaves(needed) {
		ctx = audit.With(ctx, callOf(ctx, p, method, id))
	}
	return ctx, p, nil
}

// admit refuses a call that the caller may not make, or not now.
func (g *guard) admit(p *access.Principal, method string) error {
	needed, ok := g.needed[method]
	if _, err := g.callers.Admit(p); err != nil {
		return err
	}
	if !ok && strings.HasPrefix(method, "/grpc.") {
		return nil
	}
	if ok && !p.May(needed) || !ok && p.Role != access.Owner {
		return access.Denied(p, needed)
	}
	if !p.Fits(g.serves[method]) {
		return access.Limited(p)
	}
	return nil
}

// withContext is a stream with another context.
type withContext struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // the stream's own
}

func (s withContext) Context() context.Context { return s.ctx }

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	id := requestOf(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestid.Header, id)) // without it, the caller does not learn an id of ours
	defer func() { err = g.identified(err, id) }()
	ctx, caller, err := g.enter(ctx, info.FullMethod, id)
	if err != nil {
		return nil, err
	}
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
	return g.hide.from(caller, resp), nil
}

func (g *guard) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	id := requestOf(stream.Context())
	_ = stream.SetHeader(metadata.Pairs(requestid.Header, id)) // as above
	defer func() { err = g.identified(err, id) }()
	ctx, caller, err := g.enter(stream.Context(), info.FullMethod, id)
	if err != nil {
		return err
	}
	gate := g.gates.Of(info.FullMethod)
	if !gate.Enter() {
		stream.SetTrailer(admission.NoRetry())
		return gate.Refusal().Err()
	}
	defer gate.Leave()
	defer g.rescue(ctx, info.FullMethod, &err)
	if err := handler(srv, withheldStream{acceptedStream{trimmedStream{patientStream{withContext{stream, ctx}, g.patience}, &g.trim}, g.callers, caller}, &g.hide, caller}); err != nil {
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

// noteRefusal logs that a key was refused.
func (g *guard) noteRefusal(ctx context.Context, authorization []string, method string) {
	if len(authorization) > 0 {
		g.doors.Refused(ctx, doorlog.WrongKey, peerOf(ctx), slog.String("method", method))
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
