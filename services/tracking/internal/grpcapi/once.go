package grpcapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
)

// once makes a call that is one write. prepare reads what the write needs, and may ask other services. If the request has
// an id, the write and the response are stored together, and a repetition gets the first response.
func once[Q idempotency.Request, A proto.Message](
	ctx context.Context, s *calls.Service, request Q, prepare func(context.Context) (write func(context.Context) (A, error), err error),
) (A, error) {
	var none A
	if request.GetRequestId() == "" {
		write, err := prepare(ctx)
		if err != nil {
			return none, err
		}
		return write(ctx)
	}
	call, err := idempotency.CallOf(ctx, request, s.Now())
	if err != nil {
		return none, err
	}
	answer, found, err := s.Repeated(ctx, call)
	if !found && err == nil {
		var write func(context.Context) (A, error)
		if write, err = prepare(ctx); err == nil {
			answer, err = s.Once(ctx, call, func(ctx context.Context) (string, error) { return encoded(write(ctx)) })
		}
	}
	return decoded[A](answer, err)
}

// written is once for a call that needs nothing but its write.
func written[Q idempotency.Request, A proto.Message](ctx context.Context, s *calls.Service, request Q, write func(context.Context) (A, error)) (A, error) {
	return once(ctx, s, request, func(context.Context) (func(context.Context) (A, error), error) { return write, nil })
}

// remembered makes a call that is more than one write. If the request has an id, the response is stored when the call is
// done, and a repetition gets it. A dry run is not remembered, since it changes nothing.
func remembered[Q idempotency.Request, A proto.Message](ctx context.Context, s *calls.Service, request Q, do func(context.Context) (A, error)) (A, error) {
	if request.GetRequestId() == "" {
		return do(ctx)
	}
	call, err := idempotency.CallOf(ctx, request, s.Now())
	if err != nil {
		var none A
		return none, err
	}
	if dry, ok := any(request).(interface{ GetValidateOnly() bool }); ok && dry.GetValidateOnly() {
		return do(ctx)
	}
	return decoded[A](s.Remember(ctx, call, func(ctx context.Context) (string, error) { return encoded(do(ctx)) }))
}

// encoded returns a response as it is stored.
func encoded[A proto.Message](answer A, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return idempotency.Encode(answer)
}

// decoded returns a stored response.
func decoded[A proto.Message](stored string, err error) (A, error) {
	var answer A
	if err != nil {
		return answer, err
	}
	answer, _ = answer.ProtoReflect().New().Interface().(A) // the same type
	return answer, idempotency.Decode(stored, answer)
}
