package rest

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// masking is a connection for calls from REST. It converts camel case in update masks, which is how JSON and
// frontends name fields, to the proto names that services expect. It also puts the terms of the HTTP request
// into the message.
type masking struct{ grpc.ClientConnInterface }

// Invoke makes a call.
func (m masking) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if update, ok := args.(interface{ GetUpdateMask() *fieldmaskpb.FieldMask }); ok {
		paths := update.GetUpdateMask().GetPaths()
		for i, path := range paths {
			paths[i] = fieldname.Snake(path)
		}
	}
	if err := applyTerms(ctx, args); err != nil {
		return err
	}
	return m.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// NewStream begins a call whose response is a stream.
func (m masking) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := m.ClientConnInterface.NewStream(ctx, desc, method, opts...)
	if _, hasTerms := ctx.Value(termsKey{}).(terms); err != nil || !hasTerms {
		return stream, err
	}
	return maskingStream{stream}, nil
}

// maskingStream does for the request of a stream what masking does.
type maskingStream struct{ grpc.ClientStream }

// SendMsg sends the request.
func (m maskingStream) SendMsg(request any) error {
	if err := applyTerms(m.Context(), request); err != nil {
		return err
	}
	return m.ClientStream.SendMsg(request)
}

// applyTerms puts the terms in a context into a request.
func applyTerms(ctx context.Context, args any) error {
	t, hasTerms := ctx.Value(termsKey{}).(terms)
	request, ok := args.(proto.Message)
	if !hasTerms || !ok {
		return nil
	}
	return t.apply(request)
}
