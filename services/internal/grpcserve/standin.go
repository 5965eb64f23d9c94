package grpcserve

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// StandIn returns a Server for a process that cannot serve yet. It reports that it is not serving, and answers every
// call with UNAVAILABLE and a time to retry after.
func StandIn() *Server {
	errNotYet := errors.New("the storage is not available yet")
	s := &Server{network: grpc.NewServer(append(tuning(), grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		return rpcstatus.New(codes.Unavailable, "STORE_UNAVAILABLE", "the storage is not available yet; try again later", rpcstatus.Retry()).Err()
	}))...)}
	s.health = newHealthServer(Config{Ready: func(context.Context) error { return errNotYet }}, s.network.GetServiceInfo)
	healthpb.RegisterHealthServer(s.network, s.health)
	return s
}
