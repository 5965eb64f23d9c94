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
	// casePatience bounds one case, including its pauses.
	casePatience = 60 * time.Second
	// caseWorkers is the number of cases that run at once; they mostly wait. The embedded MongoDB engine has
	// engineWorkers: it does one thing at a time, several systems share it, and the product does not wait long for an
	// answer.
	caseWorkers   = 12
	engineWorkers = 2
)

// transports returns the transports that every case runs over.
func transports() []string { return []string{"grpc", "rest"} }

// TestTogether runs all cases against one process on SQLite.
func TestTogether(t *testing.T) {
	s, _ := startTogether(t, t.TempDir(), nil)
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			playAll(t, transport, s)
			s.race(t, transport)
		})
	}
}

// TestApart runs all cases against the three separate programs.
func TestApart(t *testing.T) {
	s, _ := startApart(t, nil)
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			playAll(t, transport, s)
			s.race(t, transport)
		})
	}
}

// TestCaseFiles checks the form of the case files, without a system: each step does one thing, and each call is of an
// existing method with a valid request.
func TestCaseFiles(t *testing.T) {
	s := loadSuite(t)
	for name, file := range s.files {
		for _, c := range file.Cases {
			if c.Name == "" || c.Says == "" || len(c.Steps) == 0 {
				t.Errorf("%s: a case has no name, no sentence or no steps: %q", name, c.Name)
			}
			if err := s.checkSteps(c.Steps); err != nil {
				t.Errorf("%s/%s: %v", name, c.Name, err)
			}
		}
	}
}

func (s suite) checkSteps(steps []step) error {
	for i, st := range steps {
		actions := 0
		for _, said := range []bool{st.Use != "", st.Call != "", st.HTTP != "", st.Set != nil, st.Pause != ""} {
			if said {
				actions++
			}
		}
		if actions != 1 {
			return fmt.Errorf("step %d says %d things to do, not one", i+1, actions)
		}
		if st.Use != "" && s.fixtures[st.Use] == nil {
			return fmt.Errorf("step %d: there is no fixture %q", i+1, st.Use)
		}
		if st.Call == "" {
			continue
		}
		if _, err := findMethod(st.Call); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

// playAll runs every case, several at once, and reports each as a subtest. The cases share the systems.
func playAll(t *testing.T, transport string, systems ...*system) {
	t.Helper()
	suite := loadSuite(t)
	workers := caseWorkers
	if len(systems) > 1 {
		workers = engineWorkers
	}
	slots := make(chan struct{}, workers)
	run := strings.ToLower(rand.Text()[:6])
	n := 0
	files := slices.Sorted(maps.Keys(suite.files))
	results := map[string]chan error{}
	for _, file := range files {
		for _, c := range suite.files[file].Cases {
			key := file + "/" + c.Name
			if results[key] != nil {
				t.Fatalf("there are two cases %s", key)
			}
			n++
			p := player{system: systems[n%len(systems)], transport: transport, suite: suite}
			v, result := newVars(fmt.Sprintf("%s%d", run, n), p.system.base), make(chan error, 1)
			results[key] = result
			go func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				ctx, cancel := context.WithTimeout(t.Context(), casePatience)
				defer cancel()
				result <- p.play(ctx, c.Steps, v)
			}()
		}
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			for _, c := range suite.files[file].Cases {
				t.Run(c.Name, func(t *testing.T) {
					if err := <-results[file+"/"+c.Name]; err != nil {
						t.Errorf("%s\n%v", c.Says, err)
					}
				})
			}
		})
	}
}
