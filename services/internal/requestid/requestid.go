// Package requestid identifies calls, so that a caller's report of an error leads to our logs.
//
// The gateway and grpcserve import it; it imports none of our packages.
package requestid

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
)

// Header is the header, or metadata key, that has the id in requests and responses.
const Header = "x-request-id"

// maxBytes bounds an id. It is logged, and sent back.
const maxBytes = 128

// Of returns the id that a caller sent, if it is one: up to 128 visible ASCII characters. Otherwise it makes one.
func Of(sent []string) string {
	if len(sent) == 1 && isID(sent[0]) {
		return sent[0]
	}
	return uuid.NewString()
}

func isID(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxBytes
}

// Outgoing returns a context whose gRPC calls carry an id.
func Outgoing(ctx context.Context, id string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, Header, id)
}

// Sent returns the id that the gRPC calls of a context carry; "" if they carry none.
func Sent(ctx context.Context) string {
	md, _ := metadata.FromOutgoingContext(ctx)
	if ids := md.Get(Header); len(ids) > 0 {
		return ids[len(ids)-1]
	}
	return ""
}
