package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// casePatience is how long one case may take, its pauses included.
	casePatience = 60 * time.Second
	// caseWorkers is how many cases are played at once: most of their time they wait.
	caseWorkers = 12
)

// TestTogether plays all cases against one process on the embedded store.
func TestTogether(t *testing.T) {
	s, _ := startTogether(t, t.TempDir(), nil)
	playAll(t, s)
}

// TestApart plays all cases against the three programs apart.
func TestApart(t *testing.T) {
	playAll(t, startApart(t))
}

// playAll plays every case over both transports.
func playAll(t *testing.T, s *system) {
	t.Helper()
	cases := loadSuite(t)
	for _, transport := range []string{"grpc", "rest"} {
		t.Run(transport, func(t *testing.T) {
			player{system: s, transport: transport, suite: cases}.playAll(t)
		})
	}
}

// playAll plays every case, some at once, and reports each as a test of its own.
func (p player) playAll(t *testing.T) {
	t.Helper()
	slots := make(chan struct{}, caseWorkers)
	run := strings.ToLower(rand.Text()[:6])
	n := 0
	files := slices.Sorted(maps.Keys(p.suite.files))
	results := map[string]chan error{}
	for _, file := range files {
		for _, c := range p.suite.files[file].Cases {
			key := file + "/" + c.Name
			if results[key] != nil {
				t.Fatalf("there are two cases %s", key)
			}
			n++
			prefix, result := fmt.Sprintf("%s%d", run, n), make(chan error, 1)
			results[key] = result
			go func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				result <- p.playOne(t.Context(), c, prefix)
			}()
		}
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			for _, c := range p.suite.files[file].Cases {
				t.Run(c.Name, func(t *testing.T) { p.report(t, c, <-results[file+"/"+c.Name]) })
			}
		})
	}
}

func (p player) playOne(ctx context.Context, c testCase, prefix string) error {
	if p.system.exceptions[c.Needs] != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, casePatience)
	defer cancel()
	return p.play(ctx, c, prefix)
}

// report says how a case went. An exception of the system is named, with its reason.
func (p player) report(t *testing.T, c testCase, err error) {
	t.Helper()
	if reason := p.system.exceptions[c.Needs]; reason != "" {
		t.Logf("EXCEPTION on %s, not played: %s", p.system.name, reason)
	}
	if err != nil {
		t.Errorf("%s\n%v", c.Says, err)
	}
}
