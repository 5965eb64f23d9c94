package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// racers is the number of concurrent attempts.
const racers = 40

// race makes many concurrent attempts at the same thing. The first wins, and the others leave nothing behind.
func (s *system) race(t *testing.T, transport string) {
	t.Helper()
	p := player{system: s, transport: transport, suite: loadSuite(t)}
	t.Run("race for one coupon", p.raceForCoupon)
	t.Run("race for one sale", p.raceForSale)
}

func (p player) raceForCoupon(t *testing.T) {
	v := p.prepare(t, []step{{Use: "pair"}})
	create := step{Call: "coupon.v1.CouponService/CreateCoupon", Request: map[string]any{
		"parent": "offers/${offer}",
		"coupon": map[string]any{"code": "${code}", "publisher": "publishers/${pub}"},
	}}
	raceOn(t, codes.OK.String(), codes.AlreadyExists.String(), func(ctx context.Context) (string, bool, error) {
		a, err := p.call(ctx, create, v)
		if err != nil {
			return "", false, err
		}
		return a.status.Code().String(), a.status.Code() == codes.Unavailable, nil
	})
	p.mustPlay(t, v, []step{
		{
			Call: "coupon.v1.CouponService/ListCoupons", Request: map[string]any{"parent": "offers/${offer}"},
			expectation: expectation{Response: map[string]any{"coupons": map[string]any{"!len": 1}}},
		},
		{
			Call: "coupon.v1.ApprovalService/ListApprovals", Request: map[string]any{"parent": "offers/${offer}"},
			expectation: expectation{Response: map[string]any{"approvals": []any{map[string]any{"source": "COUPON"}}}},
		},
	})
}

func (p player) raceForSale(t *testing.T) {
	v := p.prepare(t, []step{{Use: "campaign"}})
	postback, err := v.expand("${base}/postback?coupon_code=${code}&token=${token}&transaction_id=A-1&amount=10")
	if err != nil {
		t.Fatal(err)
	}
	raceOn(t, "200 ATTRIBUTED", "200 DUPLICATE", func(ctx context.Context) (string, bool, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, postback, nil)
		if err != nil {
			return "", false, err
		}
		a, err := doHTTP(p.system.client, r)
		if err != nil {
			return "", false, err
		}
		outcome, err := at(a.value, "outcome")
		return fmt.Sprintf("%d %v", a.httpStatus, outcome), a.httpStatus == http.StatusServiceUnavailable, err
	})
	p.mustPlay(t, v, []step{{Use: "one-conversion"}})
}

// raceOn calls do many times at the same moment. One call must win, and the others must lose. A caller who is told to
// try again, by a store that is too busy for so many at once, does. The winner may be one of those: its write may have
// come through although its answer did not, and then all the others lose.
func raceOn(t *testing.T, wins, loses string, do func(context.Context) (result string, again bool, err error)) {
	t.Helper()
	const pause = 100 * time.Millisecond
	var (
		start    = make(chan struct{})
		mu       sync.Mutex
		counts   = map[string]int{}
		repeated = 0
		group    sync.WaitGroup
	)
	for range racers {
		group.Go(func() {
			<-start
			result, again, err := do(t.Context())
			repeats := 0
			for ; again && err == nil && repeats < 100; repeats++ {
				time.Sleep(pause)
				result, again, err = do(t.Context())
			}
			if err != nil {
				result = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			counts[result]++
			repeated += repeats
		})
	}
	close(start)
	group.Wait()
	if won := counts[wins]; won+counts[loses] != racers || won > 1 || won == 0 && repeated == 0 {
		t.Errorf("the answers were %v after %d repeats, want 1 %s and else %s", counts, repeated, wins, loses)
	}
}

// prepare runs steps under a new prefix and returns the variables that they set. It repeats clicks and postbacks
// that are refused with a time to retry after.
func (p player) prepare(t testing.TB, steps []step) vars {
	t.Helper()
	v := newVars("x"+strings.ToLower(rand.Text()[:8]), p.system.base)
	steps, err := p.suite.flatten(steps)
	if err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		if strings.HasPrefix(steps[i].HTTP, "GET ") && steps[i].Eventually == "" {
			steps[i].Eventually = "10s" // on a busy machine the first may be asked to come back
		}
	}
	p.mustPlay(t, v, steps)
	return v
}

func (p player) mustPlay(t testing.TB, v vars, steps []step) {
	t.Helper()
	if err := p.play(t.Context(), steps, v); err != nil {
		t.Fatal(err)
	}
}
