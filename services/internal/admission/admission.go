// Package admission bounds how many calls of a class are in flight. A call above the bound is refused at
// once with a time to come back, so that those that were taken keep their latency and memory stays bounded.
//
// The services' wiring and edges import it; it imports rpcstatus of ours.
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

// Partner is how many calls of partners and visitors may be in flight. Zero is no limit.
type Partner struct {
	Clicks    int `env:"COUPONLINK_MAX_CLICKS" name:"max-clicks" default:"128" placeholder:"N" help:"Clicks in flight at most; further ones get 503 (${default}; 0: no limit)."`
	Postbacks int `env:"COUPONLINK_MAX_POSTBACKS" name:"max-postbacks" default:"128" placeholder:"N" help:"Postbacks in flight at most; further ones get 503 (${default}; 0: no limit)."`
	// OpenPerAddress and OpenPerOffer bound the rate of postbacks without proof, for offers that take them.
	// Ten seconds' worth may come at once.
	OpenPerAddress int `env:"COUPONLINK_OPEN_POSTBACKS_PER_ADDRESS" name:"open-postbacks-per-address" default:"20" placeholder:"N" help:"Postbacks without a token each second from one client address at most, for offers with postback_auth OPEN (${default}; 0: no limit)."`
	OpenPerOffer   int `env:"COUPONLINK_OPEN_POSTBACKS_PER_OFFER" name:"open-postbacks-per-offer" default:"100" placeholder:"N" help:"Postbacks without a token each second for one offer with postback_auth OPEN at most (${default}; 0: no limit)."`
}

// Calls are how many API calls of each class may be in flight in one service. Zero is no limit.
type Calls struct {
	Reads   int `env:"COUPONLINK_MAX_READS" name:"max-reads" default:"128" placeholder:"N" help:"API reads in flight at most, in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Writes  int `env:"COUPONLINK_MAX_WRITES" name:"max-writes" default:"128" placeholder:"N" help:"API writes in flight at most, in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Exports int `env:"COUPONLINK_MAX_EXPORTS" name:"max-exports" default:"16" placeholder:"N" help:"Exports in flight at most, in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
	Watches int `env:"COUPONLINK_MAX_WATCHES" name:"max-watches" default:"256" placeholder:"N" help:"Open watches at most, in each service; further ones get UNAVAILABLE or 503 (${default}; 0: no limit)."`
}

// Gate bounds the calls of one class. A nil Gate lets all pass.
type Gate struct {
	class    string
	most     int64
	inFlight atomic.Int64
}

// NewGate returns a gate for calls of a class, which its errors name, in the plural; nil if most is zero.
func NewGate(class string, most int) *Gate {
	if most <= 0 {
		return nil
	}
	return &Gate{class: class, most: int64(most)}
}

// NoRetry returns the trailer of a call that was refused. It tells gRPC clients not to repeat the call by
// themselves at once, which would make it worse.
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

// Refusal is the status of a call that may not pass: Unavailable, with the time to come back.
func (g *Gate) Refusal() *status.Status {
	return rpcstatus.New(codes.Unavailable, "OVERLOADED", "too many "+g.class+" are in flight; try again", rpcstatus.Retry())
}

// Handler returns a handler that passes requests through the gate to next. refuse answers those that may not
// pass.
func (g *Gate) Handler(next http.Handler, refuse http.HandlerFunc) http.Handler {
	if g == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// Of returns the gate for a method such as /couponlink.coupon.v1.OfferService/GetOffer; nil if it has none:
// lookups, which clicks and postbacks wait for and which are bounded with them, and health checks.
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

// isRead reports whether a method changes nothing, by its name as AIP has it.
func isRead(name string) bool {
	for _, verb := range [...]string{"Get", "List", "BatchGet", "Summarize", "Validate", "Describe", "Build"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}
