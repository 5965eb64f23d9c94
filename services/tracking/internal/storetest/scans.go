package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// recently returns a time of today, a number of milliseconds after an hour ago: scans are not kept for
// good, and a store looks at the real time for that.
func recently() func(ms int) time.Time {
	begin := time.Now().UTC().Truncate(time.Millisecond).Add(-time.Hour)
	return func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
}

func newScan(offer string, created time.Time) redirect.OfferScan {
	return redirect.OfferScan{
		ID: idAt(created), Offer: offer, State: redirect.ScanRunning, Device: redirect.Phone, Language: "de-CH,de;q=0.9", CreateTime: created,
	}
}

func insertScan(t *testing.T, s Store, scan redirect.OfferScan) {
	t.Helper()
	if err := s.InsertOfferScan(t.Context(), scan); err != nil {
		t.Fatalf("inserting the scan of offer %s: %v", scan.Offer, err)
	}
}

func checkScan(t *testing.T, s Store, want redirect.OfferScan) {
	t.Helper()
	if got, err := s.OfferScan(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the scan is\n%+v (%v), want\n%+v", got, err, want)
	}
}

// claimScan checks what a claim gives; nil: nothing.
func claimScan(t *testing.T, s Store, now time.Time, hold redirect.Hold, want *redirect.OfferScan) {
	t.Helper()
	got, err := s.ClaimOfferScan(t.Context(), now, hold)
	if want == nil {
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s claims %+v (%v), want nothing", hold.Holder, got, err)
		}
		return
	}
	if err != nil || !reflect.DeepEqual(got, *want) {
		t.Errorf("%s claims\n%+v (%v), want\n%+v", hold.Holder, got, err, *want)
	}
}

// found is a scan's result about a publisher's link, with problems of severities.
func found(scan redirect.OfferScan, publisher string, at time.Time, severities ...redirect.Severity) redirect.OfferScanResult {
	coupon := resource.Offer(scan.Offer) + "/coupons/" + publisher + ".CODE"
	r := redirect.OfferScanResult{
		Scan: scan.ID, OfferLink: redirect.OfferLink{Coupon: coupon, TrackingLink: "https://go.example.com/click?pub_id=" + publisher},
		FinalURL: "https://shop.example.com/?q=ž", HopCount: 2, ScanTime: at,
	}
	for i, severity := range severities {
		r.Problems = append(r.Problems, redirect.Problem{Severity: severity, Reason: "CLICK_ID_LOST", Message: "It is \"lost\".", Fix: "Find it ž.", Hop: i})
	}
	return r
}

func addResult(t *testing.T, s Store, hold redirect.Hold, r redirect.OfferScanResult) {
	t.Helper()
	if err := s.AddOfferScanResult(t.Context(), hold, r); err != nil {
		t.Errorf("adding a result: %v", err)
	}
}

func scanRoundTrip(t *testing.T, fresh Fresh) {
	open, at := fresh(t), recently()
	before := open(calendar(t))
	scan := newScan("10", at(0))
	insertScan(t, before, scan)
	checkScan(t, before, scan)
	hold := redirect.Hold{Scan: scan.ID, Holder: "h", Until: at(100)}
	claimScan(t, before, at(1), hold, &scan)
	if err := before.KeepOfferScan(t.Context(), hold, 3); err != nil {
		t.Errorf("keeping: %v", err)
	}
	results := []redirect.OfferScanResult{
		found(scan, "22", at(5)), found(scan, "33", at(6), redirect.Grave, redirect.Doubtful), found(scan, "44", at(7), redirect.Doubtful),
	}
	for _, r := range results {
		addResult(t, before, hold, r)
	}
	scan.LinkCount, scan.ScannedCount, scan.ErrorCount, scan.WarningCount = 3, 3, 1, 1
	checkScan(t, before, scan)
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	checkScan(t, after, scan)
	if got := listResults(t, after, scan.ID, nil, 10); !reflect.DeepEqual(got, results) {
		t.Errorf("the results are\n%+v, want\n%+v", got, results)
	}
	// Its holder may have died.
	again := redirect.Hold{Scan: scan.ID, Holder: "h2", Until: at(500)}
	claimScan(t, after, at(200), again, &scan)
	if coupons, err := after.ScannedCoupons(t.Context(), scan.ID); err != nil || !slices.Equal(coupons, []string{results[0].Coupon, results[1].Coupon, results[2].Coupon}) {
		t.Errorf("scanned are %q (%v)", coupons, err)
	}
	scan.State, scan.EndTime = redirect.ScanDone, at(300)
	if got, err := after.EndOfferScan(t.Context(), scan.ID, redirect.ScanDone, at(300)); err != nil || !reflect.DeepEqual(got, scan) {
		t.Errorf("the end gives\n%+v (%v), want\n%+v", got, err, scan)
	}
	if got, err := after.EndOfferScan(t.Context(), scan.ID, redirect.ScanCancelled, at(400)); err != nil || !reflect.DeepEqual(got, scan) {
		t.Errorf("to end what has ended gives\n%+v (%v), want\n%+v", got, err, scan)
	}
	checkScan(t, after, scan)
	if _, err := after.OfferScan(t.Context(), idAt(at(0))); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such scan: %v, want ErrNotFound", err)
	}
	if _, err := after.EndOfferScan(t.Context(), "none", redirect.ScanDone, at(1)); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("ending none: %v, want ErrNotFound", err)
	}
}

func oneScanRuns(t *testing.T, fresh Fresh) {
	s, at := opened(t, fresh), recently()
	for round := range 2 {
		start := make(chan struct{})
		var all sync.WaitGroup
		var won atomic.Pointer[redirect.OfferScan]
		for i := range 10 {
			scan := newScan("10", at(round*100+i))
			all.Go(func() {
				<-start
				err := s.InsertOfferScan(t.Context(), scan)
				switch {
				case err == nil:
					if !won.CompareAndSwap(nil, &scan) {
						t.Error("two scans of one offer run")
					}
				case !errors.Is(err, domain.ErrExists):
					t.Errorf("starting at once: %v, want ErrExists", err)
				}
			})
		}
		insertScan(t, s, newScan(fmt.Sprint("other", round), at(round))) // a scan of another offer does not conflict
		close(start)
		all.Wait()
		if won.Load() == nil {
			t.Fatal("of ten scans none was started")
		}
		if _, err := s.EndOfferScan(t.Context(), won.Load().ID, redirect.ScanCancelled, at(1000)); err != nil {
			t.Errorf("ending: %v", err)
		}
	}
}

func scanHolds(t *testing.T, fresh Fresh) {
	s, at := opened(t, fresh), recently()
	first, second := newScan("10", at(0)), newScan("11", at(1))
	insertScan(t, s, second)
	insertScan(t, s, first)
	claimScan(t, s, at(-1), redirect.Hold{Holder: "early", Until: at(100)}, nil)
	claimScan(t, s, at(5), redirect.Hold{Holder: "a", Until: at(100)}, &first)
	claimScan(t, s, at(5), redirect.Hold{Holder: "b", Until: at(50)}, &second)
	claimScan(t, s, at(5), redirect.Hold{Holder: "c", Until: at(100)}, nil)
	// A hold that is extended lasts; one that is not can be claimed by another.
	a, b := redirect.Hold{Scan: first.ID, Holder: "a", Until: at(1000)}, redirect.Hold{Scan: second.ID, Holder: "b", Until: at(1000)}
	if err := s.KeepOfferScan(t.Context(), a, 5); err != nil {
		t.Errorf("keeping: %v", err)
	}
	first.LinkCount = 5
	claimScan(t, s, at(200), redirect.Hold{Holder: "c", Until: at(300)}, &second)
	if err := s.KeepOfferScan(t.Context(), b, 7); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("keeping what is another's: %v, want ErrNotFound", err)
	}
	if err := s.AddOfferScanResult(t.Context(), b, found(second, "22", at(201))); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a result of what is another's: %v, want ErrNotFound", err)
	}
	checkScan(t, s, second)
	// A result extends it too; a hold that is released is free at once.
	c := redirect.Hold{Scan: second.ID, Holder: "c", Until: at(900)}
	addResult(t, s, c, found(second, "22", at(250)))
	second.ScannedCount = 1
	claimScan(t, s, at(800), redirect.Hold{Holder: "d", Until: at(999)}, nil)
	c.Until = at(260)
	if err := s.KeepOfferScan(t.Context(), c, 9); err != nil {
		t.Errorf("letting go: %v", err)
	}
	second.LinkCount = 9
	claimScan(t, s, at(260), redirect.Hold{Holder: "d", Until: at(999)}, &second)
	// A scan that ended cannot be held.
	if _, err := s.EndOfferScan(t.Context(), first.ID, redirect.ScanCancelled, at(300)); err != nil {
		t.Errorf("cancelling: %v", err)
	}
	if err := s.AddOfferScanResult(t.Context(), a, found(first, "22", at(301))); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a result of what has ended: %v, want ErrNotFound", err)
	}
	if err := s.KeepOfferScan(t.Context(), a, 6); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("keeping what has ended: %v, want ErrNotFound", err)
	}
	claimScan(t, s, at(5000), redirect.Hold{Holder: "e", Until: at(6000)}, &second)
	claimScan(t, s, at(5000), redirect.Hold{Holder: "f", Until: at(6000)}, nil)
	first.State, first.EndTime = redirect.ScanCancelled, at(300)
	checkScan(t, s, first)
}

func scanClaimants(t *testing.T, fresh Fresh) {
	s, at := opened(t, fresh), recently()
	const waiting, callers = 6, 12
	for i := range waiting {
		insertScan(t, s, newScan(fmt.Sprint(10+i), at(i)))
	}
	start := make(chan struct{})
	var all sync.WaitGroup
	var claimed sync.Map
	var count atomic.Int64
	for i := range callers {
		all.Go(func() {
			<-start
			scan, err := s.ClaimOfferScan(t.Context(), at(100), redirect.Hold{Holder: fmt.Sprint("h", i), Until: at(10_000)})
			switch {
			case err == nil:
				count.Add(1)
				if other, twice := claimed.LoadOrStore(scan.ID, i); twice {
					t.Errorf("%s was claimed by %d and %v", scan.ID, i, other)
				}
			case !errors.Is(err, domain.ErrNotFound):
				t.Errorf("claiming: %v", err)
			}
		})
	}
	close(start)
	all.Wait()
	if count.Load() != waiting {
		t.Errorf("%d of %d scans were claimed", count.Load(), waiting)
	}
}

func resultCounts(t *testing.T, fresh Fresh) {
	s, at := opened(t, fresh), recently()
	scan := newScan("10", at(0))
	insertScan(t, s, scan)
	hold := redirect.Hold{Scan: scan.ID, Holder: "h", Until: at(100)}
	claimScan(t, s, at(1), hold, &scan)
	for _, step := range []struct {
		result                     redirect.OfferScanResult
		scanned, errors, doubtfuls int
	}{
		{found(scan, "22", at(1), redirect.Grave), 1, 1, 0},
		{found(scan, "22", at(2), redirect.Grave), 1, 1, 0}, // once more, as after a crash
		{found(scan, "33", at(3), redirect.Doubtful), 2, 1, 1},
		{found(scan, "22", at(4)), 2, 0, 1},
		{found(scan, "33", at(5), redirect.Grave, redirect.Doubtful), 2, 1, 0},
		{found(scan, "2", at(6)), 3, 1, 0},
	} {
		addResult(t, s, hold, step.result)
		scan.ScannedCount, scan.ErrorCount, scan.WarningCount = step.scanned, step.errors, step.doubtfuls
		checkScan(t, s, scan)
	}
	want := []redirect.OfferScanResult{found(scan, "2", at(6)), found(scan, "22", at(4)), found(scan, "33", at(5), redirect.Grave, redirect.Doubtful)}
	if got := listResults(t, s, scan.ID, nil, 10); !reflect.DeepEqual(got, want) {
		t.Errorf("the results are\n%+v, want\n%+v", got, want)
	}
}

// listResults lists a scan's results page by page.
func listResults(t *testing.T, s Store, scan string, where listing.Expr, limit int) []redirect.OfferScanResult {
	t.Helper()
	scope := listing.Expr(is("scan", listing.Equal, scan))
	if where != nil {
		scope = listing.And{scope, where}
	}
	return resultRows().pages(t, s, listing.Query{Where: scope, Order: []listing.Order{{Field: "coupon"}}, Limit: limit}, func() {})
}

func resultRows() rows[redirect.OfferScanResult] {
	return rows[redirect.OfferScanResult]{
		value: func(r redirect.OfferScanResult, field string) any {
			return map[string]any{"scan": r.Scan, "coupon": r.Coupon, "id": r.Coupon, "ok": r.OK()}[field]
		},
		list: func(t *testing.T, s Store, q listing.Query) []redirect.OfferScanResult {
			t.Helper()
			results, err := s.OfferScanResults(t.Context(), q)
			if err != nil {
				t.Fatalf("listing results: %v", err)
			}
			return results
		},
	}
}

func scanLists(t *testing.T, fresh Fresh) {
	s, at := opened(t, fresh), recently()
	var scans []redirect.OfferScan
	for i := range 12 {
		scan := newScan(fmt.Sprint(10+i%3), at(i))
		insertScan(t, s, scan)
		scan.State, scan.EndTime = redirect.ScanDone, at(50)
		if _, err := s.EndOfferScan(t.Context(), scan.ID, scan.State, scan.EndTime); err != nil {
			t.Fatalf("ending: %v", err)
		}
		scans = append(scans, scan)
	}
	listed := rows[redirect.OfferScan]{
		value: func(scan redirect.OfferScan, field string) any {
			return map[string]any{"id": scan.ID, "offer": scan.Offer}[field]
		},
		list: func(t *testing.T, s Store, q listing.Query) []redirect.OfferScan {
			t.Helper()
			found, err := s.OfferScans(t.Context(), q)
			if err != nil {
				t.Fatalf("listing scans: %v", err)
			}
			return found
		},
	}
	for _, where := range []listing.Expr{nil, is("offer", listing.Equal, "11"), is("offer", listing.Equal, "none")} {
		listed.check(t, s, scans, listing.Query{Where: where, Order: []listing.Order{{Field: "id", Desc: true}}, Limit: 3})
	}
	resultLists(t, s, at)
}

// resultLists has results of two scans at once.
func resultLists(t *testing.T, s Store, at func(int) time.Time) {
	t.Helper()
	var results []redirect.OfferScanResult
	for _, offer := range []string{"20", "21"} {
		scan := newScan(offer, at(100))
		insertScan(t, s, scan)
		hold := redirect.Hold{Scan: scan.ID, Holder: "h" + offer, Until: at(500)}
		claimScan(t, s, at(101), hold, &scan)
		for i := range 10 {
			r := found(scan, fmt.Sprint(20+i), at(110+i), []redirect.Severity{redirect.Grave, redirect.Doubtful}[i%2])
			addResult(t, s, hold, r)
			results = append(results, r)
		}
	}
	for _, where := range []listing.Expr{
		nil,
		is("ok", listing.Equal, false),
		listing.Not{Expr: is("ok", listing.Equal, false)},
		is("coupon", listing.HasPrefix, "offers/20/coupons/2"),
		listing.Or{is("coupon", listing.Equal, "offers/21/coupons/23.CODE"), is("ok", listing.Equal, true)},
	} {
		for _, scan := range []string{results[0].Scan, results[10].Scan, idAt(at(0))} {
			scope := listing.Expr(is("scan", listing.Equal, scan))
			if where != nil {
				scope = listing.And{scope, where}
			}
			resultRows().check(t, s, results, listing.Query{Where: scope, Order: []listing.Order{{Field: "coupon"}}, Limit: 4})
		}
	}
}
