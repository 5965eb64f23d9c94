// Package storetest is the test suite of what Store promises. Every store runs it.
//
// Only tests may import it; of ours it imports app, domain and listing.
package storetest

import (
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Fresh makes an empty database for one test and returns a function that opens a store on it, with the calendar
// of its figures. Opening it again after Close simulates a restart. The suite closes the stores.
type Fresh func(t testing.TB) (open func(rollup.Calendar) Store)

// promise is one promise of Store and the test of it.
type promise struct {
	name string
	test func(t *testing.T, fresh Fresh)
}

// Run checks every promise, each on its own database.
func Run(t *testing.T, fresh Fresh) {
	t.Helper()
	for _, p := range slices.Concat(promises(), figurePromises(), deferredPromises(), feedPromises(), reservationPromises(), oncePromises(), callPromises(), theirPromises()) {
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
		{"an export has all that a query selects, in order and in parts", exports},
		{"an export sees one moment", exportOfOneMoment},
		{"an export ends with its caller", exportsEnd},
		{"a changed conversion is read as it was changed", updateRoundTrip},
		{"of changes of one conversion at once none is lost", updatesRace},
		{"a change that is refused writes nothing", refusedUpdates},
		{"a changed conversion is found by what it is now", updatedKeys},
		{"of many sales at once one gets the last use", lastUse},
		{"a repeat takes no use", repeatsTakeNoUse},
		{"a use that is given back can be taken again", usesComeBack},
		{"what is given back is never more than was taken", usesDoNotGoBelowNone},
		{"of many changes at once one gets the last use", lastUseOfUpdates},
		{"under another revision of the coupon its uses are counted anew", usesCountedAnew},
		{"to reassign takes one use and gives one back", reassignedUses},
		{"uses outlast a restart", usesAfterRestart},
		{"a postback is read as it was stored, with its last replay", postbackRoundTrip},
		{"a sale is journaled with its insertion, a repeat is not", salesWithPostbacks},
		{"a sale over the limit is journaled as what it came to", limitedSaleWithPostback},
		{"the journal lists what a filter selects, in order", postbackLists},
		{"a delivery is read as it was planned, claimed and finished", deliveryRoundTrip},
		{"a replay makes a delivery due from the beginning", replayedDelivery},
		{"a plan is stored once, and one that came late leaves the rest to plan", plans},
		{"no delivery is claimed twice at once", claimants},
		{"a claim ends with its lease, and a lost one changes nothing", leases},
		{"the longest due is claimed first, and who is skipped waits", longestDueFirst},
		{"deliveries of a conversion to a publisher keep their order", deliveriesInOrder},
		{"a replay neither ends the lease of a later delivery nor its wait", replaysOutOfOrder},
		{"those that wait for others hold nobody up", manyBlocked},
		{"deliveries list what a filter selects, in order", deliveryLists},
		{"a saved report is read as it was stored and changed", reportRoundTrip},
		{"of saved reports with one id one is stored, and no more than fit", reportPlaces},
		{"of changes of one saved report at once none is lost", reportRace},
		{"a saved report is deleted once, and only as it is known", reportDeletes},
		{"saved reports are listed by their names", reportLists},
		{"a scan of an offer is read as it was stored, with its results", scanRoundTrip},
		{"of scans of one offer one runs", oneScanRuns},
		{"a scan is gone on with by who holds it, and nobody else", scanHolds},
		{"no scan is claimed twice at once", scanClaimants},
		{"a link has one result, and a scan's counts are those of its results", resultCounts},
		{"scans and their results list what a filter selects, in order", scanLists},
	}
}

// figurePromises are the promises about what is counted.
func figurePromises() []promise {
	return []promise{
		{"figures are what all clicks and conversions come to, through changes and restarts", figuresOfHistories},
		{"what is stored and changed while several count is counted once", racingCounters},
		{"a click that comes late is counted", lateClicks},
		{"a change of a counted conversion moves it", changesOfCounted},
		{"a store without anything comes to nothing", nothingToCount},
		{"figures tell up to when everything is counted", countedTime},
		{"in another zone figures are made anew by its days", otherZone},
		{"cells are those of the spans that satisfy a condition", cellsByCondition},
		{"a recount of right figures finds nothing", recounts},
		{"a recount loses nothing of what is counted meanwhile", recountsBeside},
		{"totals are the sums of the conversions that match", totals},
		{"erasing personal data changes no sum, and leaves no text of it", erased},
	}
}

// deferredPromises are the promises of attribution.DeferredStore and couponclient.AnswerStore.
func deferredPromises() []promise {
	return []promise{
		{"a waiting report is read as stored, until it is settled", deferredRoundTrip},
		{"of a sale and its early change at once, one sees the other", earlyRace},
		{"of an early change's repeats one is kept, with one entry", earlyRepeats},
		{"a waiting report is claimed by one, and again after its lease", deferredClaims},
		{"a sale's deferred report is stored with its insertion, and not with a repeat", deferredSales},
		{"the newest answers are kept over a restart, until they are pruned", answersKept},
	}
}

// opened opens a store on a database of its own and closes it when the test ends.
func opened(t *testing.T, fresh Fresh) Store {
	t.Helper()
	return closing(t, fresh(t)(calendar(t)))
}

func closing(t *testing.T, s Store) Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}
