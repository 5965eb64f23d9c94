package connectapi

import (
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// reasonUnreachable is the reason if a service cannot be reached, as over REST.
const reasonUnreachable = "SERVICE_UNREACHABLE"

// errorOf returns a call's error for connect, with its details.
func errorOf(err error) *connect.Error {
	st := status.Convert(err)
	if st.Code() == codes.Unavailable && len(st.Details()) == 0 { // from the connection; its text has internal addresses
		st = rpcstatus.New(codes.Unavailable, reasonUnreachable, "a service behind the gateway cannot be reached; try again", rpcstatus.Retry())
	}
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
