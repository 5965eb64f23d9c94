package grpcapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// server is a gRPC server whose use cases can be replaced.
type server[S any] interface {
	uses() *app.Service
	on(flow *app.Service) S
}

// once makes a call. If the request has an id, the call is made once: a repetition gets the first response. A dry run
// stores nothing, so it is not remembered either.
func once[S server[S], Q idempotency.Request, A proto.Message](
	ctx context.Context, s S, request Q, do func(S, context.Context, Q) (A, error),
) (A, error) {
	if request.GetRequestId() == "" {
		return do(s, ctx, request)
	}
	var answer A
	call, err := idempotency.CallOf(ctx, request, s.uses().Now())
	if err != nil {
		return answer, err
	}
	if dry, ok := any(request).(interface{ GetValidateOnly() bool }); ok && dry.GetValidateOnly() {
		return do(s, ctx, request)
	}
	stored, err := s.uses().Once(ctx, call, func(ctx context.Context, flow *app.Service) (string, error) {
		answer, err := do(s.on(flow), ctx, request)
		if err != nil {
			return "", err
		}
		return idempotency.Encode(answer)
	})
	if err != nil {
		return answer, err
	}
	answer, _ = answer.ProtoReflect().New().Interface().(A) // the same type
	return answer, idempotency.Decode(stored, answer)
}

func (s *offerServer) uses() *app.Service { return s.flow }

func (s *offerServer) on(flow *app.Service) *offerServer { return &offerServer{flow: flow} }

func (s *publisherServer) uses() *app.Service { return s.flow }

func (s *publisherServer) on(flow *app.Service) *publisherServer { return &publisherServer{flow: flow} }

func (s *approvalServer) uses() *app.Service { return s.flow }

func (s *approvalServer) on(flow *app.Service) *approvalServer { return &approvalServer{flow: flow} }

func (s *couponServer) uses() *app.Service { return s.flow }

func (s *couponServer) on(flow *app.Service) *couponServer {
	return &couponServer{flow: flow, view: s.view}
}
