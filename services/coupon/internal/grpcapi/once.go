package grpcapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// useCases can run in one transaction.
type useCases[U any] interface {
	Now() time.Time
	Once(ctx context.Context, call idempotency.Call, do func(context.Context, U) (string, error)) (string, error)
}

// server is a gRPC server whose use cases can be replaced.
type server[S, U any] interface {
	uses() U
	on(use U) S
}

// once makes a call. If the request has an id, the call is made once: a repetition gets the first response. A dry run
// stores nothing, so it is not remembered either.
func once[S server[S, U], U useCases[U], Q idempotency.Request, A proto.Message](
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
	stored, err := s.uses().Once(ctx, call, func(ctx context.Context, use U) (string, error) {
		answer, err := do(s.on(use), ctx, request)
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

func (s *accessServer) uses() *keys.Service { return s.keys }

func (s *accessServer) on(use *keys.Service) *accessServer { return &accessServer{keys: use} }
