package edge

import (
	"strings"
	"testing"
	"time"
)

func TestCrawlers(t *testing.T) {
	c := newCrawlers()
	for agent, want := range map[string]bool{
		"": true,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": true,
		"facebookexternalhit/1.1": true,
		"curl/8.5.0":              true,
		"python-requests/2.32":    true,
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                   false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1":    false,
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 Instagram 350.0.0.1": false,
	} {
		for range 2 { // the second time from memory
			if got := c.made(agent); got != want {
				t.Errorf("%q: got %v, want %v", agent, got, want)
			}
		}
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
