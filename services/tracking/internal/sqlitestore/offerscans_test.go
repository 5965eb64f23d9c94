package sqlitestore

import (
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func runningScan(offer string, created time.Time) redirect.OfferScan {
	return redirect.OfferScan{ID: idAt(created), Offer: offer, State: redirect.ScanRunning, Device: redirect.Desktop, Language: "en", CreateTime: created}
}

// scanned stores a scan with a result, held for a day.
func scanned(t *testing.T, s *Store, offer string, created time.Time) redirect.OfferScan {
	t.Helper()
	scan := runningScan(offer, created)
	if err := s.InsertOfferScan(t.Context(), scan); err != nil {
		t.Fatal(err)
	}
	hold := redirect.Hold{Holder: "h", Until: created.Add(24 * time.Hour)}
	if _, err := s.ClaimOfferScan(t.Context(), created, hold); err != nil {
		t.Fatal(err)
	}
	hold.Scan = scan.ID
	result := redirect.OfferScanResult{Scan: scan.ID, OfferLink: redirect.OfferLink{Coupon: "offers/10/coupons/22.CODE"}, ScanTime: created}
	if err := s.AddOfferScanResult(t.Context(), hold, result); err != nil {
		t.Fatal(err)
	}
	return scan
}

// TestHoldsEndWithTheProcess holds a scan and reopens the file: the scan can be resumed at once.
func TestHoldsEndWithTheProcess(t *testing.T) {
	dir, now := t.TempDir(), time.Now().UTC().Truncate(time.Millisecond)
	s, err := Open(t.Context(), dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	scan := scanned(t, s, "10", now)
	hold := redirect.Hold{Holder: "h2", Until: now.Add(time.Minute)}
	if _, err := s.ClaimOfferScan(t.Context(), now.Add(time.Second), hold); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("what is held is claimed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), dir, testOptions()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if got, err := s.ClaimOfferScan(t.Context(), now.Add(time.Second), hold); err != nil || got.ID != scan.ID || got.ScannedCount != 1 {
		t.Errorf("claimed is %+v (%v)", got, err)
	}
	old := redirect.Hold{Scan: scan.ID, Holder: "h", Until: now.Add(time.Hour)}
	if err := s.KeepOfferScan(t.Context(), old, 1); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the old hold is kept: %v", err)
	}
}

// TestPurgeOfScans checks that scans are deleted after ninety days, with their results.
func TestPurgeOfScans(t *testing.T) {
	s := openStore(t)
	begin := time.Now().UTC().Truncate(time.Millisecond)
	old, young := scanned(t, s, "old", begin), scanned(t, s, "young", begin.Add(2*time.Minute))
	s.purge.deleteOld(t.Context(), begin.Add(scanRetention+time.Minute))
	for _, scan := range []redirect.OfferScan{old, young} {
		_, err := s.OfferScan(t.Context(), scan.ID)
		coupons, listErr := s.ScannedCoupons(t.Context(), scan.ID)
		if kept := scan.ID == young.ID; (err == nil) != kept || (len(coupons) > 0) != kept || listErr != nil {
			t.Errorf("the %s one: %v, with the results %q (%v)", scan.Offer, err, coupons, listErr)
		}
	}
}
