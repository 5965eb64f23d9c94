// Package propertytest runs the property tests. It makes their draws the same in each run, so that a test that
// passed fails only for a change; `make fuzz` explores others.
package propertytest

import (
	"flag"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// seed is where the draws start unless -rapid.seed says otherwise. Its value means nothing.
const seed = "20261130"

var once sync.Once //nolint:gochecknoglobals // rapid's flag is the process's

// Check is [rapid.Check] with a fixed seed. The flags of rapid, such as -rapid.seed and -rapid.checks, still
// count.
func Check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	once.Do(func() {
		if f := flag.Lookup("rapid.seed"); f != nil && f.Value.String() == f.DefValue {
			if err := f.Value.Set(seed); err != nil {
				t.Fatal(err)
			}
		}
	})
	rapid.Check(t, property)
}
