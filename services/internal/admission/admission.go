// Package admission bounds how many calls of a class are in flight. A call above the bound is refused at once
// with a time to retry after, so that accepted calls stay fast and memory stays bounded.
//
// The services' wiring, grpcapi and partnerhttp import it; of our packages it imports rpcstatus.
package admission

import (
	"net/http"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// Partner limits the calls of partners and visitors in flight. Zero means no limit.
type Partner struct {
	Clicks    int `env:"COUPONLINK_MAX_CLICKS" name:"max-clicks" default:"128" placeholder:"N" help:"Maximum number of clicks in flight; further ones get 503 (${default}; 0: no limit)."`
	Postbacks int `env:"COUPONLINK_MAX_POSTBACKS" name:"max-postbacks" default:"128" placeholder:"N" help:"Maximum number of postbacks in flight; further ones get 503 (${default}; 0: no limit)."`
	// OpenPerAddress and OpenPerOffer bound the rate of postbacks without proof, for offers that take them.
	// Ten seconds' worth may come at once.
	OpenPerAddress int `env:"COUPONLINK_OPEN_POSTBACKS_PER_ADDRESS" name:"open-postbacks-per-address" default:"20" placeholder:"N" help:"Postbacks without a token each second from one client address at most, for offers with postback_auth OPEN (${default}; 0: no limit)."`
	OpenPerOffer   int `env:"COUPONLINK_OPEN_POSTBACKS_PER_OFFER" name:"open-postbacks-per-offer" default:"100" placeholder:"N" help:"Postbacks without a token each second for one offer with postback_auth OPEN at most (${default}; 0: no limit)."`
}

// Calls limits the API calls of each class in flight in one service. Zero means no limit.
type Calls struct {
	Reads   int `env:"COUPONLINK_MAX_READS" name:"max-reads" default:"128" placeholder:"N" help:"Maximum number of API reads in flight in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Writes  int `env:"COUPONLINK_MAX_WRITES" name:"max-writes" default:"128" placeholder:"N" help:"Maximum number of API writes in flight in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Exports int `env:"COUPONLINK_MAX_EXPORTS" name:"max-exports" default:"16" placeholder:"N" help:"Maximum number of exports in flight in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Watches int `env:"COUPONLINK_MAX_WATCHES" name:"max-watches" default:"256" placeholder:"N" help:"Maximum number of open watches in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
}

// Gate bounds the calls of one class. A nil Gate lets all calls pass. Its methods may be called concurrently.
type Gate struct {
	class    string
	most     int64
	inFlight atomic.Int64
}

// NewGate returns a gate that lets at most most calls in at once; nil if most is zero. class names the calls
// in its errors, in the plural.
func NewGate(class string, most int) *Gate {
	if most <= 0 {
		return nil
	}
	return &Gate{class: class, most: int64(most)}
}

// NoRetry returns the trailer of a refused call. It tells gRPC clients not to retry the call at once by
// themselves, which would add to the load.
func NoRetry() metadata.MD { return metadata.Pairs("grpc-retry-pushback-ms", "-1") }

// Enter reports whether a call may pass. If so, Leave must be called at its end.
func (g *Gate) Enter() bool {
	if g == nil {
		return true
	}
	if g.inFlight.Add(1) > g.most {
		g.inFlight.Add(-1)
		return false
	}
	return true
}

// Leave ends a call that Enter let pass.
func (g *Gate) Leave() {
	if g != nil {
		g.inFlight.Add(-1)
	}
}

// Refusal returns the status of a refused call: Unavailable, with a time to retry after.
func (g *Gate) Refusal() *status.Status {
	return rpcstatus.New(codes.Unavailable, "OVERLOADED", "too many "+g.class+" are in flight; try again", rpcstatus.Retry())
}

// Handler returns a handler that passes requests through the gate to next. refuse answers the refused ones. The first
// 64 KiB of a POST's body are read before it enters, so callers that send slowly take no place from others.
func (g *Gate) Handler(next http.Handler, refuse http.HandlerFunc) http.Handler {
	if g == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && g.inFlight.Load() < g.most {
			r.Body = readAhead(r.Body)
		}
		if !g.Enter() {
			refuse(w, r)
			return
		}
		defer g.Leave()
		next.ServeHTTP(w, r)
	})
}

// Gates are the gates of one gRPC server.
type Gates struct{ reads, writes, exports, watches *Gate }

// NewGates returns the gates of a server.
func NewGates(most Calls) *Gates {
	return &Gates{
		reads: NewGate("reads", most.Reads), writes: NewGate("writes", most.Writes),
		exports: NewGate("exports", most.Exports), watches: NewGate("watches", most.Watches),
	}
}

// Of returns the gate for a method such as /couponlink.coupon.v1.OfferService/GetOffer. Health checks have no
// gate, and neither have lookups, since the bounds of clicks and postbacks bound them too: for those it
// returns nil.
func (g *Gates) Of(method string) *Gate {
	service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch {
	case strings.HasSuffix(service, ".LookupService"), strings.HasPrefix(service, "grpc."):
		return nil
	case strings.HasPrefix(name, "Watch"):
		return g.watches
	case strings.HasPrefix(name, "Export"):
		return g.exports
	case isRead(name):
		return g.reads
	}
	return g.writes
}

// isRead reports whether a method changes nothing, going by the verb that begins its name (AIP-130).
func isRead(name string) bool {
	for _, verb := range [...]string{"Get", "List", "BatchGet", "Summarize", "Validate", "Check", "Describe", "Build"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}
