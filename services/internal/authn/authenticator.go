// Package authn says who calls: it looks up API keys, remembers the answers, and counts calls.
package authn

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/bearer"
)

const (
	// freshFor is how long an answer is used without a question. A revoked key is refused after it.
	freshFor = 2 * time.Second
	// refreshAfter is the age from which an answer in use is asked for behind, so that callers rarely wait.
	refreshAfter = freshFor / 2
	// staleFor is how long an answer is used while the coupon service cannot be asked.
	staleFor = time.Minute
	// askTimeout bounds one question; half of it is what a caller with a stale answer waits.
	askTimeout = 2 * time.Second
	// maxCallers bounds the answers in memory, and maxAsking the questions under way about secrets that nobody had: a
	// stranger who makes up secrets costs no more.
	maxCallers = 10_000
	maxAsking  = 64
)

// Lookup returns whose secret has a hash, or nil if no key accepts it now. It returns an apperr of kind Unavailable if
// that cannot be found out.
type Lookup func(ctx context.Context, hash access.Hash) (*access.Principal, error)

// Authenticator says who calls, by the `Authorization: Bearer KEY` of a call. It is safe for concurrent use.
type Authenticator struct {
	admin  bearer.Verifier
	owner  *access.Principal
	lookup Lookup
	now    func() time.Time

	answers  *otter.Cache[access.Hash, answer]
	limiters *otter.Cache[string, *rate.Limiter]
	asking   singleflight.Group
	places   chan struct{}
}

// answer is whose a secret is, nil for nobody's, with the time of the question.
type answer struct {
	principal *access.Principal
	asked     time.Time
}

// NewAuthenticator returns an Authenticator for an admin key and the API keys that lookup finds. Without lookup there
// are none.
func NewAuthenticator(adminKey string, lookup Lookup, now func() time.Time) *Authenticator {
	return &Authenticator{
		admin: bearer.NewVerifier(adminKey), owner: access.Admin(), lookup: lookup, now: now,
		answers:  otter.Must(&otter.Options[access.Hash, answer]{MaximumSize: maxCallers}),
		limiters: otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: maxCallers}),
		places:   make(chan struct{}, maxAsking),
	}
}

// Known returns the caller without waiting. isOpen says that it is not known yet: Authenticate has to ask. If it is
// neither, the call is refused.
func (a *Authenticator) Known(authorization []string) (p *access.Principal, isOpen bool) {
	if a.admin.OK(authorization) {
		return a.owner, false
	}
	key, ok := bearer.KeyOf(authorization)
	if !ok || a.lookup == nil || !access.IsSecret(key) {
		return nil, false
	}
	now := a.now()
	held, ok := a.answers.GetIfPresent(access.HashOf(key))
	if age := now.Sub(held.asked); !ok || age < 0 || age >= refreshAfter {
		return nil, true
	}
	return held.principal.At(now), false
}

// Authenticate returns the caller.
//
// Errors: Unauthenticated (UNAUTHENTICATED); Unavailable if the key cannot be looked up now.
func (a *Authenticator) Authenticate(ctx context.Context, authorization []string) (*access.Principal, error) {
	p, isOpen := a.Known(authorization)
	if p != nil {
		return p, nil
	}
	if !isOpen {
		return nil, Unauthenticated()
	}
	key, _ := bearer.KeyOf(authorization)
	p, err := a.get(ctx, access.HashOf(key))
	if err != nil {
		return nil, err
	}
	if p = p.At(a.now()); p == nil {
		return nil, Unauthenticated()
	}
	return p, nil
}

// get returns whose a secret is: from memory while the answer is fresh, else by a question, else, if no answer comes
// soon, stale from memory.
func (a *Authenticator) get(ctx context.Context, hash access.Hash) (*access.Principal, error) {
	held, ok := a.answers.GetIfPresent(hash)
	age := a.now().Sub(held.asked)
	asked := a.ask(hash, ok && held.principal != nil)
	if ok && 0 <= age && age < freshFor {
		return held.principal, nil // the question goes on behind
	}
	isStale := ok && held.principal != nil && 0 <= age && age < staleFor
	patience := askTimeout
	if isStale {
		patience /= 2
	}
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case result := <-asked:
		if result.Err == nil {
			p, _ := result.Val.(*access.Principal)
			return p, nil
		}
		if isStale && apperr.Is(result.Err, apperr.Unavailable) {
			return held.principal, nil
		}
		return nil, result.Err
	case <-soon.Done():
		if isStale && ctx.Err() == nil {
			return held.principal, nil
		}
		return nil, cannotAsk(soon.Err())
	}
}

// ask asks whose a secret is, or joins the question under way, and keeps the answer. isKnown says that somebody had the
// secret before. Only secrets that are not known take a place: guesses must not keep callers waiting, and not keep a
// revoked key alive.
func (a *Authenticator) ask(hash access.Hash, isKnown bool) <-chan singleflight.Result {
	return a.asking.DoChan(string(hash[:]), func() (any, error) {
		if !isKnown {
			select {
			case a.places <- struct{}{}:
				defer func() { <-a.places }()
			default:
				return nil, cannotAsk(errors.New("too many questions at once"))
			}
		}
		// The question serves all callers, so it must not end with the first one's call.
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		asked := a.now()
		p, err := a.lookup(ctx, hash)
		if err != nil {
			return nil, err
		}
		a.answers.Set(hash, answer{principal: p, asked: asked})
		return p, nil
	})
}

// Admit counts a call of a caller, and refuses it if the caller has made too many. left is how many more it may make now,
// if it has a limit. Calls that are refused later, such as for a permission, have been counted.
//
// Errors: ResourceExhausted (RATE_LIMITED).
func (a *Authenticator) Admit(p *access.Principal) (left int, err error) {
	if p.RequestsPerSecond == 0 {
		return 0, nil
	}
	limiter, _ := a.limiters.ComputeIfAbsent(p.Name, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(p.RequestsPerSecond), p.RequestsPerSecond), false
	})
	now := a.now()
	if limiter.AllowN(now, 1) {
		return int(limiter.TokensAt(now)), nil
	}
	return 0, apperr.New(apperr.ResourceExhausted, "RATE_LIMITED", "%s may make %d calls a second; try again after a second", p.Name, p.RequestsPerSecond).Soon()
}

// Unauthenticated is the error for a call without a key that is accepted.
func Unauthenticated() error {
	return apperr.New(apperr.Unauthenticated, bearer.Reason, bearer.Message)
}

func cannotAsk(cause error) error {
	return apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "the key cannot be looked up now; try again").Because(cause)
}
