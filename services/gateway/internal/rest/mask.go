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
	if t, ok := ctx.Value(termsKey{}).(terms); ok {
		if request, ok := args.(proto.Message); ok {
			if err := t.apply(request); err != nil {
				return err
			}
		}
	}
	return m.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}
