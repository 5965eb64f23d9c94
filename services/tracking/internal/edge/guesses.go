package edge

import (
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

const (
	// badTokensPerSecond is how fast the allowance of wrong tokens grows back, per client address.
	badTokensPerSecond = 1
	// badTokensAtOnce is the allowance: a misconfigured advertiser sees its 401s, a guesser of
	// 128-bit tokens gets nowhere.
	badTokensAtOnce = 100
	maxClients      = 10_000
)

// guesses counts wrong tokens and signatures by client address.
type guesses struct {
	limiters *otter.Cache[string, *rate.Limiter]
}

func newGuesses() *guesses {
	return &guesses{limiters: otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: maxClients})}
}

// allowed says whether a client may still try.
func (g *guesses) allowed(client string, now time.Time) bool {
	limiter, ok := g.limiters.GetIfPresent(client)
	return !ok || limiter.TokensAt(now) >= 1
}

// failed takes one from a client's allowance.
func (g *guesses) failed(client string, now time.Time) {
	limiter, ok := g.limiters.GetIfPresent(client)
	if !ok {
		limiter, _ = g.limiters.SetIfAbsent(client, rate.NewLimiter(badTokensPerSecond, badTokensAtOnce))
	}
	limiter.AllowN(now, 1)
}
