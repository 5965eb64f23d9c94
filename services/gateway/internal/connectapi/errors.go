package connectapi

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/requestid"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// fault returns a failed call's error for connect, in the form that it has over REST too.
func (m method) fault(ctx context.Context, err error) *connect.Error {
	st := status.Convert(err)
	if rpcstatus.Reason(st) == "" {
		st = m.faults.Explain(ctx, st, maxMessageBytes)
	}
	return errorOf(ctx, st)
}

// errorOf returns a status for connect, with its details and the id of the request that ctx serves.
func errorOf(ctx context.Context, st *status.Status) *connect.Error {
	st = rpcstatus.Identify(st, requestid.Sent(ctx))
	failed := connect.NewError(connect.Code(st.Code()), errors.New(st.Message()))
	for _, d := range st.Details() {
		message, ok := d.(proto.Message)
		if !ok {
			continue // of a type that the gateway does not know
		}
		if detail, err := connect.NewErrorDetail(message); err == nil {
			failed.AddDetail(detail)
		}
	}
	return failed
}
