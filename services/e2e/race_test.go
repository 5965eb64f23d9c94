package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

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
	counts := raceOn(t, func(ctx context.Context) (string, error) {
		a, err := p.call(ctx, create, v)
		if err != nil {
			return "", err
		}
		return a.status.Code().String(), nil
	})
	want := map[string]int{codes.OK.String(): 1, codes.AlreadyExists.String(): racers - 1}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("the answers were %v, not %v", counts, want)
	}
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
	counts := raceOn(t, func(ctx context.Context) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, postback, nil)
		if err != nil {
			return "", err
		}
		a, err := doHTTP(p.system.client, r)
		if err != nil {
			return "", err
		}
		outcome, err := at(a.value, "outcome")
		return fmt.Sprintf("%d %v", a.httpStatus, outcome), err
	})
	want := map[string]int{"200 ATTRIBUTED": 1, "200 DUPLICATE": racers - 1}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("the answers were %v, not %v", counts, want)
	}
	p.mustPlay(t, v, []step{{Use: "one-conversion"}})
}

// raceOn calls do many times at the same moment and counts the results.
func raceOn(t *testing.T, do func(context.Context) (string, error)) map[string]int {
	t.Helper()
	var (
		start  = make(chan struct{})
		mu     sync.Mutex
		counts = map[string]int{}
		group  sync.WaitGroup
	)
	for range racers {
		group.Go(func() {
			<-start
			result, err := do(t.Context())
			if err != nil {
				result = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			counts[result]++
		})
	}
	close(start)
	group.Wait()
	return counts
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
