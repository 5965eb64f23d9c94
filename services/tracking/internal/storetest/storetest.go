// Package storetest is what flow.Store promises, as one suite that every store runs.
//
// Only tests may import it; of ours it imports flow, rules and listing.
package storetest

import (
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/flow"
)

// Fresh makes an empty database that is the test's own and returns how to open a store on it. To
// open it again after a Close is what a restart is. The suite closes the stores.
type Fresh func(t testing.TB) (open func() flow.Store)

// promise is one promise of flow.Store and the test of it.
type promise struct {
	name string
	test func(t *testing.T, fresh Fresh)
}

// Run checks every promise on databases of its own.
func Run(t *testing.T, fresh Fresh) {
	t.Helper()
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) { p.test(t, fresh) })
	}
}

func promises() []promise {
	return []promise{
		{"a click is read as it was stored", clickRoundTrip},
		{"a click whose id is taken is refused alone", clickIDTaken},
		{"what is not there is ErrNotFound", notFound},
		{"a conversion is read as it was stored", conversionRoundTrip},
		{"no amount stays none, and zero stays zero", noneAndZero},
		{"of many inserts of one conversion one wins and all get it", oneWins},
		{"a batch of new and known conversions stores the new", mixedBatch},
		{"clicks and conversions written at once are all stored", everythingAtOnce},
		{"a caller whose context has ended gets its error", endedContext},
		{"what was acknowledged is there after a restart", restart},
		{"a closed store refuses writes as unavailable", closed},
		{"Close waits for the writes under way", closeWaits},
		{"each filter selects what it says", filters},
		{"each order orders, and pages neither repeat nor skip", orders},
		{"pages stay right while conversions arrive", pagesWhileRowsArrive},
		{"the limit limits", limit},
		{"lists show all of a conversion but what its decision rests on", listsWithoutGrounds},
	}
}

// opened opens a store on a database of its own and closes it when the test ends.
func opened(t *testing.T, fresh Fresh) flow.Store {
	t.Helper()
	return closing(t, fresh(t)())
}

func closing(t *testing.T, s flow.Store) flow.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}
