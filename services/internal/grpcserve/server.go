// Package grpcserve builds the services' gRPC servers. It has authentication, recovery from panics, the trimming of
// texts, the mapping of errors to statuses, health and reflection. A service that is registered once is served both
// over the network and through an in-process channel, with the same interceptors.
//
// The services' wiring may import it; of our packages it imports access, admission, apperr, audit, authn, doorlog, pasted, readiness and
// rpcstatus.
package grpcserve

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // lets callers compress their messages
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/stall"
)

// Limits of a connection. The largest message has 1,000 coupons with the longest notes. Headers are a key and tracing.
// A client may send a ping at most every 10 seconds.
const (
	maxReceiveBytes      = 12 << 20
	maxHeaderBytes       = 32 << 10
	maxConcurrentStreams = 1000
	bufferBytes          = 64 << 10
	handshakeTimeout     = 10 * time.Second
	minPingInterval      = 10 * time.Second
	pingInterval         = time.Minute
	pingTimeout          = 20 * time.Second
	// connectionAge is when a client is asked to connect again, so that calls reach instances that were added
	// meanwhile. Calls in flight are finished first, however long they take.
	connectionAge = 5 * time.Minute
)

// Config configures a server.
type Config struct {
	// AdminKey is the key of the owner. Every call except health checks must carry it or an API key.
	AdminKey string
	// Keys looks up API keys. If it is nil, only the admin key is accepted.
	Keys authn.Lookup
	// Ready returns nil if the service can do its work; a nil Ready means that it can.
	Ready func(context.Context) error
	// Readiness, if set, replaces Ready and also says what is not ready and why.
	Readiness *readiness.Probe
	// DocsURL is the address of the documentation, which errors link to; "" for no links.
	DocsURL string
	// Most bounds the calls in flight.
	Most admission.Calls
	// SendPatience is how long a caller may take to read one message of a stream; 0 means 30 seconds.
	SendPatience time.Duration
	// Log receives panics, and errors that callers do not see.
	Log *slog.Logger
}

// Server is a gRPC server with an in-process channel. Register services before Serve.
type Server struct {
	network *grpc.Server
	local   *inprocgrpc.Channel
	guard   *guard
	health  *healthServer
}

var _ grpc.ServiceRegistrar = (*Server)(nil)

// New returns a Server with health and reflection, and no other services.
func New(cfg Config) *Server {
	guard := &guard{callers: authn.NewAuthenticator(cfg.AdminKey, cfg.Keys, time.Now), needed: map[string]access.Permission{}, serves: map[string][]optionsv1.RowLimit{}, gates: admission.NewGates(cfg.Most), docs: cfg.DocsURL, patience: cmp.Or(cfg.SendPatience, sendPatience), log: cfg.Log, doors: doorlog.New(cfg.Log, time.Now)}
	s := &Server{
		guard: guard,
		network: grpc.NewServer(append(tuning(),
			grpc.InTapHandle(guard.tap),
			grpc.UnaryInterceptor(guard.unary),
			grpc.StreamInterceptor(guard.stream))...),
		local: (&inprocgrpc.Channel{}).
			WithServerUnaryInterceptor(guard.unary).
			WithServerStreamInterceptor(guard.stream).
			WithCloner(protoCloner{}),
	}
	s.health = newHealthServer(cfg, s.network.GetServiceInfo)
	healthpb.RegisterHealthServer(s, s.health)
	reflection.Register(s.network)
	return s
}

// tuning returns the options for many small calls over few connections.
func tuning() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxReceiveBytes),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxConcurrentStreams(maxConcurrentStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.ReadBufferSize(bufferBytes),
		grpc.WriteBufferSize(bufferBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingInterval, Timeout: pingTimeout, MaxConnectionAge: connectionAge}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPingInterval, PermitWithoutStream: true}),
	}
}

// RegisterService makes a service available over the network and in process.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, impl any) {
	s.guard.register(desc)
	s.network.RegisterService(desc, impl)
	s.local.RegisterService(desc, impl)
}

// Local returns the in-process channel: a client connection without a network, with the same authentication and errors.
// It copies messages, so neither side sees what the other does with its own.
func (s *Server) Local() grpc.ClientConnInterface { return s.local }

// Serve accepts connections until Stop. It returns nil after Stop, and otherwise why it failed.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.network.Serve(stall.Listener{Listener: listener}); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// Drain reports "not serving" to health checks and keeps serving.
func (s *Server) Drain() { s.health.shutdown() }

// Stop reports "not serving" to health checks, accepts no more connections, and waits for calls in flight until ctx
// ends. Then it cuts them off. It does not wait for calls through the in-process channel; their callers do.
func (s *Server) Stop(ctx context.Context) {
	s.health.shutdown()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.network.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.network.Stop()
		<-done
	}
}
