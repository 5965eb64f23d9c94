package e2e

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestHungCouponService stops the coupon service without ending it. The tracking service keeps working with
// what it knows, and after the first second nobody waits. New credentials work at once before that.
func TestHungCouponService(t *testing.T) {
	t.Parallel()
	s, processes := startApart(t)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	attributed := expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}}
	v := p.prepare(t, []step{
		{Use: "campaign"},
		{Use: "click"},
		{HTTP: "GET /postback?coupon_code=${code}&offer_id=${offer}&token=${token}&transaction_id=A-1", expectation: attributed},
		{
			Call: "coupon.v1.OfferService/RotatePostbackCredentials", Request: map[string]any{"name": "offers/${offer}", "overlap": "3600s"},
			Save: map[string]string{"token": "postbackToken"},
		},
		{
			HTTP: "GET /postback?coupon_code=${code}&offer_id=${offer}&token=${token}&transaction_id=A-2", Why: "a new token works at once",
			expectation: attributed,
		},
		{HTTP: "GET /postback?coupon_code=${code}&offer_id=${offer}&token=wrong&transaction_id=A-3", expectation: expectation{Status: http.StatusUnauthorized}},
	})
	processes[0].stop(t)
	p.mustPlay(t, v, []step{
		{Pause: "2500ms", Why: "until what is in memory is stale"},
		{Use: "click", Why: "it notices that the coupon service hangs"},
		{Pause: "1s"},
	})
	took(t, time.Second, func() {
		for range 10 {
			p.mustPlay(t, v, []step{{Use: "click"}})
		}
		p.mustPlay(t, v, []step{
			{HTTP: "GET /postback?coupon_code=${code}&offer_id=${offer}&token=${token}&transaction_id=A-4", expectation: attributed},
			{
				HTTP:        "GET /postback?coupon_code=UNSEEN${CASE}&offer_id=${offer}&token=${token}&transaction_id=A-5",
				expectation: expectation{Status: http.StatusAccepted, Response: map[string]any{"reason": "COUPON_SERVICE_AWAY"}},
			},
		})
	})
	processes[0].goOn(t)
	p.mustPlay(t, v, []step{{
		Call: "tracking.v1.ConversionService/ListConversions", Request: map[string]any{"filter": `offer = "offers/${offer}" AND transaction_id = "A-5"`},
		Why: "what waited is judged", Eventually: "40s",
		expectation: expectation{Response: map[string]any{"conversions": []any{map[string]any{"reason": "UNKNOWN_CODE"}}}},
	}})
}

// took fails the test if f takes longer than limit.
func took(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if d := time.Since(began); d > limit {
		t.Errorf("it took %s, want at most %s", d.Round(time.Millisecond), limit)
	}
}

// stop stops the process without ending it; goOn lets it go on.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
}

func (p *process) goOn(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGCONT)
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signalling %s: %v", p.name, err)
	}
}
