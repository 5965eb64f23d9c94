package grpcserve

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/authn"
)

// acceptedStream ends a call whose key is no longer accepted before its next message. A stream can last for days, and a
// key that was revoked meanwhile must be told nothing more.
type acceptedStream struct {
	grpc.ServerStream
	callers *authn.Authenticator
	caller  *access.Principal
}

// SendMsg implements grpc.ServerStream.
func (s acceptedStream) SendMsg(m any) error {
	if s.caller != nil {
		authorization := metadata.ValueFromIncomingContext(s.Context(), "authorization")
		if _, err := s.callers.Authenticate(s.Context(), authorization); err != nil {
			return err
		}
	}
	return s.ServerStream.SendMsg(m)
}
