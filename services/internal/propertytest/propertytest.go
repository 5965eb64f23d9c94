// Package propertytest runs the property tests. They draw the same values in each run, so a test that has passed fails
// only because of a change. `make properties` draws new values.
package propertytest

import (
	"flag"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// seed is the seed of the draws unless -rapid.seed sets another. Its value means nothing.
const seed = "20261130"

var once sync.Once //nolint:gochecknoglobals // rapid's flag is the process's

// Check is [rapid.Check] with a fixed seed. Rapid's flags, such as -rapid.seed and -rapid.checks, still work.
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
