package authn_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/bearer"
)

// desk is a coupon service with one key, and a clock.
type desk struct {
	mu     sync.Mutex
	now    time.Time
	key    *access.Principal
	fault  error
	asked  atomic.Int32
	secret string
}

func newDesk() *desk {
	return &desk{
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), secret: access.NewSecret(),
		key: &access.Principal{Name: "keys/shop", Role: access.Service, Listed: []access.Permission{"coupons.validate"}, RequestsPerSecond: 2},
	}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

func (d *desk) lookup(_ context.Context, hash access.Hash) (*access.Principal, error) {
	d.asked.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil || hash != access.HashOf(d.secret) {
		return nil, d.fault
	}
	return d.key, nil
}

func (d *desk) authenticator() *authn.Authenticator {
	return authn.NewAuthenticator("the admin key", d.lookup, d.clock)
}

func reasonOf(err error) string {
	if e := apperr.As(err); e != nil {
		return e.Reason
	}
	return ""
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a := d.authenticator()
	for name, c := range map[string]struct {
		authorization []string
		want          string
	}{
		"the admin key":        {[]string{"Bearer the admin key"}, access.AdminKey},
		"an API key":           {[]string{bearer.Header(d.secret)}, "keys/shop"},
		"another scheme":       {[]string{"Basic " + d.secret}, ""},
		"another secret":       {[]string{bearer.Header(access.NewSecret())}, ""},
		"a secret with a typo": {[]string{bearer.Header(d.secret + "x")}, ""},
		"nothing":              {nil, ""},
		"two keys":             {[]string{"Bearer the admin key", "Bearer the admin key"}, ""},
	} {
		p, err := a.Authenticate(t.Context(), c.authorization)
		switch {
		case c.want == "" && reasonOf(err) != "UNAUTHENTICATED":
			t.Errorf("%s: %v, %v", name, p, err)
		case c.want != "" && (err != nil || p.Name != c.want):
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

func TestTyposAskNothing(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a := d.authenticator()
	for _, guess := range []string{"x", "the admin key!", d.secret[:41] + "-", "clk_0000000000000000000000000000000000000000"} {
		if _, err := a.Authenticate(t.Context(), []string{bearer.Header(guess)}); reasonOf(err) != "UNAUTHENTICATED" {
			t.Errorf("%q: %v", guess, err)
		}
	}
	if d.asked.Load() != 0 {
		t.Errorf("%d questions for keys that no key can be", d.asked.Load())
	}
}

func TestAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a, header := d.authenticator(), []string{bearer.Header(d.secret)}
	for range 100 {
		if _, err := a.Authenticate(t.Context(), header); err != nil {
			t.Fatal(err)
		}
		if p, _ := a.Known(header); p == nil {
			t.Fatal("a caller who was just let in is not known")
		}
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("%d questions for 100 calls", n)
	}
}

func TestRevokedKeysAreRefusedAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a, header := d.authenticator(), []string{bearer.Header(d.secret)}
	if _, err := a.Authenticate(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	d.set(func() { d.key, d.now = nil, d.now.Add(2*time.Second) })
	if p, err := a.Authenticate(t.Context(), header); reasonOf(err) != "UNAUTHENTICATED" {
		t.Errorf("a revoked key is %v, %v", p, err)
	}
}

func TestKeysEndOnTime(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.key.ExpireTime = d.now.Add(500 * time.Millisecond)
	a, header := d.authenticator(), []string{bearer.Header(d.secret)}
	if _, err := a.Authenticate(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	d.set(func() { d.now = d.key.ExpireTime })
	if p, err := a.Authenticate(t.Context(), header); reasonOf(err) != "UNAUTHENTICATED" {
		t.Errorf("an expired key is %v, %v", p, err)
	}
}

func TestStaleAnswersServeForAMinute(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a, header := d.authenticator(), []string{bearer.Header(d.secret)}
	if _, err := a.Authenticate(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	away := apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "away")
	d.set(func() { d.fault, d.now = away, d.now.Add(59*time.Second) })
	if p, err := a.Authenticate(t.Context(), header); err != nil || p.Name != "keys/shop" {
		t.Errorf("within a minute: %v, %v", p, err)
	}
	d.set(func() { d.now = d.now.Add(time.Second) })
	if p, err := a.Authenticate(t.Context(), header); !errors.Is(err, away) {
		t.Errorf("after a minute: %v, %v", p, err)
	}
	if p, err := a.Authenticate(t.Context(), []string{"Bearer the admin key"}); err != nil || p.Role != access.Owner {
		t.Errorf("the admin key: %v, %v", p, err)
	}
}

// TestGuessesKeepNobodyOutAndNoKeyAlive has guesses hang while a caller is known, and while its key is revoked.
func TestGuessesKeepNobodyOutAndNoKeyAlive(t *testing.T) {
	t.Parallel()
	d := newDesk()
	hung := make(chan struct{})
	defer close(hung)
	mine := access.HashOf(d.secret)
	a := authn.NewAuthenticator("the admin key", func(ctx context.Context, hash access.Hash) (*access.Principal, error) {
		if hash == mine {
			return d.lookup(ctx, hash)
		}
		<-hung
		return nil, ctx.Err()
	}, d.clock)
	header := []string{bearer.Header(d.secret)}
	if _, err := a.Authenticate(t.Context(), header); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, _ = a.Authenticate(short, []string{bearer.Header(access.NewSecret())})
		cancel()
	}
	d.set(func() { d.now = d.now.Add(2 * time.Second) })
	if p, err := a.Authenticate(t.Context(), header); err != nil || p.Name != "keys/shop" {
		t.Errorf("beside guesses: %v, %v", p, err)
	}
	d.set(func() { d.key, d.now = nil, d.now.Add(2*time.Second) })
	if p, err := a.Authenticate(t.Context(), header); reasonOf(err) != "UNAUTHENTICATED" {
		t.Errorf("a revoked key beside guesses is %v, %v", p, err)
	}
}

func TestRateOfAKey(t *testing.T) {
	t.Parallel()
	d := newDesk()
	a := d.authenticator()
	let := 0
	for range 10 {
		if _, err := a.Admit(d.key); err == nil {
			let++
		}
	}
	if let != 2 {
		t.Errorf("%d calls at one moment, want 2", let)
	}
	if _, err := a.Admit(d.key); reasonOf(err) != "RATE_LIMITED" {
		t.Errorf("%v", err)
	}
	d.set(func() { d.now = d.now.Add(time.Second) })
	if _, err := a.Admit(d.key); err != nil {
		t.Errorf("a second later: %v", err)
	}
	for range 1000 {
		if _, err := a.Admit(access.Admin()); err != nil {
			t.Fatal(err)
		}
	}
}
