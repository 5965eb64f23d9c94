package partnerhttp

import (
	"context"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// badTokensPerSecond is how fast the allowance of wrong tokens grows back, per client.
	badTokensPerSecond = 1
	// badTokensAtOnce is the allowance. A misconfigured advertiser sees its 401s, while guessing 128-bit
	// tokens stays hopeless.
	badTokensAtOnce = 100
	// doubtPause is how long a client that used up its allowance waits before the coupon service is asked
	// about another token or signature that is not cached.
	doubtPause = 250 * time.Millisecond
	// doubtsPerSecond and doubtsAtOnce bound such queries of all clients together, and doubtPatience how long
	// a client waits for its turn.
	doubtsPerSecond = 100
	doubtsAtOnce    = 200
	doubtPatience   = time.Second
	maxClients      = 10_000
)

// guesses counts wrong tokens and signatures by client. They never cause a right one to be refused: failures are
// counted after the check, and only those that are not cached have to wait.
type guesses struct {
	clients *otter.Cache[netip.Prefix, *guesser]
	doubts  *rate.Limiter
}

// guesser is a client that sent a wrong token or signature.
type guesser struct {
	allowance *rate.Limiter
	// turn is held by the one call that waits for doubtPause.
	turn chan struct{}
}

func newGuesses() *guesses {
	return &guesses{
		clients: otter.Must(&otter.Options[netip.Prefix, *guesser]{MaximumSize: maxClients}),
		doubts:  rate.NewLimiter(doubtsPerSecond, doubtsAtOnce),
	}
}

// doubt waits until the coupon service may be asked about a token or signature that is not cached. The error is
// ResourceExhausted for a client that guesses, Unavailable if too many others do.
func (g *guesses) doubt(ctx context.Context, client netip.Prefix, now time.Time) error {
	if known, ok := g.clients.GetIfPresent(client); ok && known.allowance.TokensAt(now) < 1 {
		select {
		case known.turn <- struct{}{}:
		default:
			return tooManyGuesses()
		}
		defer func() { <-known.turn }()
		if !pause(ctx, doubtPause) {
			return ctx.Err()
		}
	}
	patience, cancel := context.WithTimeout(ctx, doubtPatience)
	defer cancel()
	if g.doubts.Wait(patience) != nil {
		return apperr.New(apperr.Unavailable, "TOO_MANY_UNKNOWN_TOKENS", "too many unknown tokens are being checked; try again")
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// failed takes one from a client's allowance, and reports whether any was left.
func (g *guesses) failed(client netip.Prefix, now time.Time) bool {
	known, ok := g.clients.GetIfPresent(client)
	if !ok {
		known, _ = g.clients.SetIfAbsent(client, &guesser{
			allowance: rate.NewLimiter(badTokensPerSecond, badTokensAtOnce), turn: make(chan struct{}, 1),
		})
	}
	return known.allowance.AllowN(now, 1)
}

func tooManyGuesses() error {
	return apperr.New(apperr.ResourceExhausted, "TOO_MANY_BAD_TOKENS", "too many wrong tokens or signatures came from your address; check the token or the secret")
}
