package partnerhttp

import (
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/robots"
)

// knownRobots is the list that is part of the program.
func knownRobots(t testing.TB) *robots.List {
	t.Helper()
	list, err := robots.Load()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestVisits(t *testing.T) {
	v := newVisits(knownRobots(t))
	const shopper = "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.210 Mobile Safari/537.36"
	for _, tt := range []struct {
		method, agent, header, value string
		want                         bool
	}{
		{"GET", shopper, "", "", true},
		{"HEAD", shopper, "", "", false},
		{"GET", "", "", "", false},
		{"GET", "facebookexternalhit/1.1", "", "", false},
		{"GET", shopper, "Sec-Purpose", "prefetch", false},
		{"GET", shopper, "sec-purpose", "prefetch;prerender", false},
		{"GET", shopper, "Purpose", "Prefetch", false},
		{"GET", shopper, "X-Purpose", "preview", false},
		{"GET", shopper, "X-Moz", "prefetch", false},
		{"GET", shopper, "Purpose", "", true},
		{"GET", shopper, "Sec-Fetch-Mode", "navigate", true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, "/c/CODE", nil)
		if tt.header != "" {
			r.Header.Set(tt.header, tt.value)
		}
		for range 2 { // the second time from memory
			if got := v.isShopper(r, tt.agent); got != tt.want {
				t.Errorf("%+v: got %v", tt, got)
			}
		}
	}
}

func BenchmarkVisit(b *testing.B) {
	list, err := robots.Load()
	if err != nil {
		b.Fatal(err)
	}
	v, r := newVisits(list), httptest.NewRequestWithContext(b.Context(), "GET", "/c/CODE", nil)
	for b.Loop() {
		v.isShopper(r, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1")
	}
}

// TestGuessesAreLimitedPerClient: failures use up a client's own allowance. Without one it still may ask about
// what memory does not know, one call at a time and slowly.
func TestGuessesAreLimitedPerClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now, g := time.Now(), newGuesses()
		a, b := clientaddr.Owner("203.0.113.7"), clientaddr.Owner("203.0.113.8")
		for i := range badTokensAtOnce {
			if err := g.doubt(t.Context(), a, now); err != nil || !g.failed(a, now) {
				t.Fatalf("stopped after %d: %v", i, err)
			}
		}
		if time.Since(now) > 0 {
			t.Error("a client within its allowance waited")
		}
		if g.failed(a, now) || !g.failed(b, now) {
			t.Error("the allowance is not each client's own")
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if err := g.doubt(t.Context(), a, now); err != nil || time.Since(now) != doubtPause {
				t.Errorf("the first without an allowance: %v after %s", err, time.Since(now))
			}
		})
		synctest.Wait()
		if err := g.doubt(t.Context(), a, now); !apperr.Is(err, apperr.ResourceExhausted) {
			t.Errorf("the second at the same time: %v, want ResourceExhausted", err)
		}
		waiting.Wait()
		if !g.failed(a, now.Add(2*time.Second)) {
			t.Error("the allowance does not grow back")
		}
	})
}

// TestDoubtsOfAllClientsAreBounded: many addresses together make the coupon service do no more.
func TestDoubtsOfAllClientsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, g := time.Now(), newGuesses()
		var asked, refused atomic.Int64
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				switch err := g.doubt(t.Context(), clientaddr.Owner("203.0.113.7"), began); {
				case err == nil:
					asked.Add(1)
				case apperr.Is(err, apperr.Unavailable):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		most := int64(doubtsAtOnce + doubtsPerSecond*doubtPatience.Seconds())
		if asked.Load() > most || asked.Load()+refused.Load() != 1000 || time.Since(began) > doubtPatience {
			t.Errorf("%d were asked about within %s, at most %d may be", asked.Load(), time.Since(began), most)
		}
	})
}

func TestKeep(t *testing.T) {
	if got := keep(strings.Repeat("é", 300)); len(got) > maxHeaderChars || !strings.HasPrefix(got, "éé") || strings.HasSuffix(got, "\xc3") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
	if got := keep("a\xffb"); got != "a�b" {
		t.Errorf("got %q", got)
	}
}
