package attribution_test

import (
	"reflect"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func TestOneScanOfAnOfferRuns(t *testing.T) {
	s := newService(t, newCatalog(t))
	start := func(offer string) (redirect.OfferScan, error) {
		return s.StartOfferScan(t.Context(), redirect.OfferScan{Offer: offer, Device: redirect.Phone, Language: "de"})
	}
	if _, err := start("99"); reasonOf(err) != "OFFER_NOT_FOUND" {
		t.Errorf("no such offer: %v", err)
	}
	first, err := start("10")
	if err != nil || first.State != redirect.ScanRunning || first.Device != redirect.Phone || first.Language != "de" || !first.CreateTime.Equal(now) {
		t.Fatalf("started is %+v (%v)", first, err)
	}
	if s.scansStarted != 1 {
		t.Errorf("%d are told of the scan, want one", s.scansStarted)
	}
	if _, err := start("10"); reasonOf(err) != "OFFER_SCAN_RUNNING" {
		t.Errorf("a second one: %v", err)
	}
	other, err := start("11")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.OfferScan(t.Context(), "10", first.ID); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("read is %+v (%v)", got, err)
	}
	for _, call := range []func() error{
		func() error { _, err := s.OfferScan(t.Context(), "11", first.ID); return err },
		func() error { _, err := s.CancelOfferScan(t.Context(), "11", first.ID); return err },
		func() error {
			_, _, err := s.OfferScanResults(t.Context(), "11", first.ID, listing.Request{})
			return err
		},
		func() error { _, err := s.OfferScan(t.Context(), "10", "none"); return err },
	} {
		if err := call(); reasonOf(err) != "OFFER_SCAN_NOT_FOUND" {
			t.Errorf("by another offer's name: %v", err)
		}
	}
	ended, err := s.CancelOfferScan(t.Context(), "10", first.ID)
	if err != nil || ended.State != redirect.ScanCancelled || !ended.EndTime.Equal(now) {
		t.Errorf("cancelled is %+v (%v)", ended, err)
	}
	if again, err := s.CancelOfferScan(t.Context(), "10", first.ID); err != nil || !reflect.DeepEqual(again, ended) {
		t.Errorf("cancelled twice is %+v (%v)", again, err)
	}
	second, err := start("10")
	if err != nil {
		t.Fatalf("after the end of the first: %v", err)
	}
	for offer, want := range map[string][]string{"10": {first.ID, second.ID}, "11": {other.ID}, "": {first.ID, second.ID, other.ID}, "99": nil} {
		page, _, err := s.OfferScans(t.Context(), offer, listing.Request{})
		if err != nil || len(page) != len(want) {
			t.Errorf("offer %q has %d scans (%v), want %d", offer, len(page), err, len(want))
		}
	}
}

func TestResultsOfAScan(t *testing.T) {
	store := newStore(t)
	s := newServiceOn(store, newCatalog(t))
	scan, err := s.StartOfferScan(t.Context(), redirect.OfferScan{Offer: "10", Device: redirect.Desktop, Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	hold := redirect.Hold{Holder: "h", Until: now.Add(1)}
	if _, err := store.ClaimOfferScan(t.Context(), now, hold); err != nil {
		t.Fatal(err)
	}
	hold.Scan = scan.ID
	for i, publisher := range []string{"22", "33", "44"} {
		r := redirect.OfferScanResult{Scan: scan.ID, OfferLink: redirect.OfferLink{Coupon: "offers/10/coupons/" + publisher + ".CODE"}, ScanTime: now}
		if i == 1 {
			r.Problems = []redirect.Problem{{Severity: redirect.Grave, Reason: "CLICK_ID_LOST"}}
		}
		if err := store.AddOfferScanResult(t.Context(), hold, r); err != nil {
			t.Fatal(err)
		}
	}
	for filter, want := range map[string]int{"": 3, "ok = false": 1, "ok = true": 2, `coupon = "offers/10/coupons/2*"`: 1, `ok = true AND NOT coupon = "offers/10/coupons/22.CODE"`: 1} {
		req, count := listing.Request{Parent: "p", Filter: filter, PageSize: 1}, 0
		for {
			page, next, err := s.OfferScanResults(t.Context(), "10", scan.ID, req)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			count += len(page)
			if req.PageToken = next; next == "" {
				break
			}
		}
		if count != want {
			t.Errorf("%s selects %d results, want %d", filter, count, want)
		}
	}
	if _, _, err := s.OfferScanResults(t.Context(), "10", scan.ID, listing.Request{Filter: "colour = red"}); reasonOf(err) != "INVALID_FILTER" {
		t.Errorf("a bad filter: %v", err)
	}
	got, err := s.OfferScan(t.Context(), "10", scan.ID)
	if err != nil || got.ScannedCount != 3 || got.ErrorCount != 1 {
		t.Errorf("the scan is %+v (%v)", got, err)
	}
}
