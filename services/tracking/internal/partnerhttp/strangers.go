package partnerhttp

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// burst is how many seconds' worth of postbacks without proof may come at once.
	burst = 10
	// maxOffers bounds the offers that allowances are kept for.
	maxOffers = 10_000
	// tooManyUnproven is the reason of a refusal.
	tooManyUnproven = "TOO_MANY_UNPROVEN"
)

// strangers limits the rate of postbacks without proof, per client and per offer that accepts them.
type strangers struct {
	clients *otter.Cache[netip.Prefix, *rate.Limiter]
	offers  *otter.Cache[string, *rate.Limiter]
	most    admission.Partner
}

func newStrangers(most admission.Partner) *strangers {
	return &strangers{
		clients: otter.Must(&otter.Options[netip.Prefix, *rate.Limiter]{MaximumSize: maxClients}),
		offers:  otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: maxOffers}),
		most:    most,
	}
}

// admit takes one postback from the allowances of a client and an offer. The error is ResourceExhausted
// (TOO_MANY_UNPROVEN).
func (s *strangers) admit(client netip.Prefix, offer string, now time.Time) error {
	// The client first: one that sends too many must not use up the offer's allowance.
	if !take(s.clients, client, s.most.OpenPerAddress, now) {
		return apperr.New(apperr.ResourceExhausted, tooManyUnproven, "too many postbacks without a token came from your address; send the offer's token, or fewer")
	}
	if !take(s.offers, offer, s.most.OpenPerOffer, now) {
		return apperr.New(apperr.ResourceExhausted, tooManyUnproven, "too many postbacks without a token came for this offer; send the offer's token, or try again")
	}
	return nil
}

func take[K comparable](limiters *otter.Cache[K, *rate.Limiter], key K, perSecond int, now time.Time) bool {
	if perSecond <= 0 {
		return true
	}
	limiter, ok := limiters.GetIfPresent(key)
	if !ok {
		limiter, _ = limiters.SetIfAbsent(key, rate.NewLimiter(rate.Limit(perSecond), perSecond*burst))
	}
	return limiter.AllowN(now, 1)
}
