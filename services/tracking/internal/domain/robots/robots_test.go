package robots_test

import (
	"os"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/robots"
)

func load(t testing.TB) *robots.List {
	t.Helper()
	list, err := robots.Load()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// agents returns the lines of a file of real agents.
func agents(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 100 {
		t.Errorf("%s has %d agents, want 100", file, len(lines))
	}
	return lines
}

func TestRealAgents(t *testing.T) {
	list := load(t)
	for _, agent := range agents(t, "people.txt") {
		if list.Made(agent) {
			t.Errorf("a shopper is taken for a robot: %s", agent)
		}
	}
	for _, agent := range append(agents(t, "robots.txt"), "") {
		if !list.Made(agent) {
			t.Errorf("a robot is taken for a shopper: %s", agent)
		}
	}
}

// TestAround checks that lookbehind and lookahead match as they do in JavaScript.
func TestAround(t *testing.T) {
	list := load(t)
	const phone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
	for extra, want := range map[string]bool{
		"": false, " bot": true, " bots/": true, " robotic": false, " CUBOT": false, "/CUBOT_X18": false, " Build/CUBOT": false, "CUBOT": false,
		" camscan": false, " scan": true, " libhttp": false, " http": true, " NewsSapphire": false, " news": true, " java;": false, " java/1": true,
		" GoogleWv": false, " google pixel": false, " google": true,
	} {
		if got := list.Made(phone + extra); got != want {
			t.Errorf("%q: got %v, want %v", extra, got, want)
		}
	}
}

func BenchmarkMade(b *testing.B) {
	list := load(b)
	for b.Loop() {
		list.Made("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1")
	}
}
