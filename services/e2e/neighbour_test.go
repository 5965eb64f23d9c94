package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestHungNeighbours suspends the coupon service. The tracking service continues with what it knows, and after the
// first second no request waits; new credentials work even before. Then it suspends the tracking service, and the
// gateway refuses calls instead of waiting.
func TestHungNeighbours(t *testing.T) {
	t.Parallel()
	s, processes := startApart(t, nil)
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
	processes[1].stop(t)
	p.refusedByGateway(t, v)
	processes[1].goOn(t)
	p.mustPlay(t, v, []step{{HTTP: "GET ${link}", Eventually: "20s", expectation: expectation{Status: http.StatusFound}}})
}

// refusedByGateway checks that calls which need the tracking service are refused soon, with a time to retry after.
func (p player) refusedByGateway(t *testing.T, v vars) {
	t.Helper()
	unavailable := expectation{Status: http.StatusServiceUnavailable, Header: map[string]any{"Retry-After": "!present"}}
	var all sync.WaitGroup
	for _, path := range []string{"/click?offer_id=${offer}", "/postback?coupon_code=${code}&token=${token}", "/v1/conversions"} {
		all.Go(func() {
			took(t, 3*time.Second, func() {
				if err := p.play(t.Context(), []step{{HTTP: "GET " + path, expectation: unavailable}}, maps.Clone(v)); err != nil {
					t.Error(err)
				}
			})
		})
	}
	all.Wait()
	took(t, time.Second, func() { p.mustPlay(t, v, []step{{HTTP: "GET /v1/conversions", expectation: unavailable}}) })
}

// took fails the test if f takes longer than limit, which is for a machine of one's own.
func took(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	limit = time.Duration(float64(limit) / min(1, 2*machineShare(t)))
	began := time.Now()
	f()
	if d := time.Since(began); d > limit {
		t.Errorf("it took %s, want at most %s", d.Round(time.Millisecond), limit)
	}
}

// stop suspends the process and returns when all its threads are suspended. On a busy machine they run on for a while.
// goOn resumes it.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
	for start := time.Now(); !p.isStopped(t); time.Sleep(time.Millisecond) {
		if time.Since(start) > startPatience {
			t.Fatalf("%s is not suspended", p.name)
		}
	}
}

// isStopped reports whether all threads of the process are suspended: state T in their stat files.
func (p *process) isStopped(t testing.TB) bool {
	t.Helper()
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if err != nil || len(stats) == 0 {
		t.Fatalf("looking at the threads of %s: %v, %v", p.name, stats, err)
	}
	for _, stat := range stats {
		if text, err := os.ReadFile(stat); err == nil && !strings.Contains(string(text), ") T ") {
			return false
		}
	}
	return true
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
