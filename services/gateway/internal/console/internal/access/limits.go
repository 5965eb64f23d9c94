package access

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

// How many logins may be tried: a person errs a few times; a program that guesses gets nowhere, also
// with many addresses.
const (
	perAddressBurst = 5
	perAddressEvery = 15 * time.Second
	inAllBurst      = 50
	inAllEvery      = 2 * time.Second
	maxAddresses    = 10_000
)

// limits bounds attempts to log in, for each address and in all.
type limits struct {
	mu        sync.Mutex
	inAll     *rate.Limiter
	addresses map[netip.Prefix]*rate.Limiter
}

func newLimits() *limits {
	return &limits{inAll: rate.NewLimiter(rate.Every(inAllEvery), inAllBurst), addresses: map[netip.Prefix]*rate.Limiter{}}
}

// take notes an attempt; where it is one too many it returns how long to wait.
func (l *limits) take(r *http.Request, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of(clientaddr.Owner(clientaddr.Of(r)), now)
	// The address first: who alone makes too many must not use up everybody's.
	if wait := take(one, now); wait > 0 {
		return wait
	}
	return take(l.inAll, now)
}

func take(limiter *rate.Limiter, now time.Time) time.Duration {
	reservation := limiter.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

func (l *limits) of(address netip.Prefix, now time.Time) *rate.Limiter {
	if one, ok := l.addresses[address]; ok {
		return one
	}
	if len(l.addresses) >= maxAddresses {
		for known, one := range l.addresses {
			if one.TokensAt(now) >= perAddressBurst {
				delete(l.addresses, known)
			}
		}
	}
	if len(l.addresses) >= maxAddresses {
		return l.inAll // under attack from everywhere: all share what is left
	}
	one := rate.NewLimiter(rate.Every(perAddressEvery), perAddressBurst)
	l.addresses[address] = one
	return one
}
