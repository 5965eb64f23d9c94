package grpcserve

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/audit"
)

// forwardedFor is the metadata in which the gateway says who called it.
const forwardedFor = "x-forwarded-for"

// callOf returns what audit entries say of a call.
func callOf(ctx context.Context, p *access.Principal, method, id string) audit.Call {
	return audit.Call{
		Principal: p.Name, DisplayName: p.DisplayName, Address: clientOf(ctx), RequestID: id,
		Method: method[strings.LastIndexByte(method, '/')+1:], Time: time.Now().UTC().Truncate(time.Millisecond),
	}
}

// clientOf returns the client's address: the one at the other end of the connection. Calls through the in-process channel
// come from the gateway alone, so what it says is believed: its own finding is the last one, and what the client claimed
// comes before. Over the network anyone could claim an address, so there it is the gateway's if the call came through it.
func clientOf(ctx context.Context) string {
	if address := peerOf(ctx); address != "" {
		return address
	}
	forwarded := metadata.ValueFromIncomingContext(ctx, forwardedFor)
	if len(forwarded) == 0 {
		return ""
	}
	hops := strings.Split(forwarded[len(forwarded)-1], ",")
	address, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
	if err != nil {
		return ""
	}
	return address.String()
}
