package edge

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/robots"
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

func TestGuessesAreLimitedPerClient(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	g := newGuesses()
	for i := range badTokensAtOnce {
		if !g.allowed("a", now) {
			t.Fatalf("stopped after %d", i)
		}
		g.failed("a", now)
	}
	if g.allowed("a", now) || !g.allowed("b", now) {
		t.Error("the allowance is not each client's own")
	}
	if !g.allowed("a", now.Add(2*time.Second)) {
		t.Error("the allowance does not grow back")
	}
}

func TestKeep(t *testing.T) {
	if got := keep(strings.Repeat("é", 300)); len(got) > maxHeaderChars || !strings.HasPrefix(got, "éé") || strings.HasSuffix(got, "\xc3") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
	if got := keep("a\xffb"); got != "a�b" {
		t.Errorf("got %q", got)
	}
}
