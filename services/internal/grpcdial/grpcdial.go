// Package grpcdial connects the services to one another.
//
// The services' wiring may import it; of our packages it imports bearer.
package grpcdial

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/bearer"
)

// The parameters of a connection. It reconnects soon after a failure, since the other side is usually just restarting,
// and notices a dead connection within 40 seconds.
const (
	maxBackoff     = 2 * time.Second
	connectTimeout = 5 * time.Second
	pingInterval   = 30 * time.Second
	pingTimeout    = 10 * time.Second
	bufferBytes    = 64 << 10
	// maxReceiveBytes bounds an answer. Pages have up to 1 MiB; the answer to a batch repeats its coupons.
	maxReceiveBytes = 16 << 20
)

// Dial returns a connection to a target: host:port, or any other that gRPC knows. If a name has several addresses,
// calls go to all of them in turn. Dial connects when the connection is first used. The connection is not encrypted:
// services talk within a private network. gRPC retries nothing by itself; DialPatient is for callers that want that.
func Dial(target string) (*grpc.ClientConn, error) {
	return dial(target, grpc.WithDisableRetry())
}

func dial(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	retry := backoff.DefaultConfig
	retry.BaseDelay = 100 * time.Millisecond
	retry.MaxDelay = maxBackoff
	conn, err := grpc.NewClient(target, append(more,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: connectTimeout}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingInterval, Timeout: pingTimeout}),
		grpc.WithDefaultServiceConfig(ServiceConfig),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceiveBytes)),
		grpc.WithReadBufferSize(bufferBytes),
		grpc.WithWriteBufferSize(bufferBytes))...)
	if err != nil {
		return nil, fmt.Errorf("dialling %q: %w", target, err)
	}
	return conn, nil
}

// WithKey returns a connection that adds the admin key to every call of conn. The in-process channel needs it, because
// it has no dial options.
func WithKey(conn grpc.ClientConnInterface, key string) grpc.ClientConnInterface {
	return keyed{conn: conn, header: bearer.Header(key)}
}

type keyed struct {
	conn   grpc.ClientConnInterface
	header string
}

func (k keyed) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return k.conn.Invoke(k.outgoing(ctx), method, args, reply, opts...)
}

func (k keyed) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return k.conn.NewStream(k.outgoing(ctx), desc, method, opts...)
}

func (k keyed) outgoing(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", k.header)
}
