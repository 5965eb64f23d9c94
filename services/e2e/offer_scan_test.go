package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// scanPatience bounds a scan of an offer in these tests.
const scanPatience = 60 * time.Second

// shop is a landing page that counts its visits and loses the click id of every fifth visitor.
type shop struct {
	*httptest.Server
	visits atomic.Int64
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.visits.Add(1)
		if r.URL.Path == "/p" && strings.HasSuffix(r.FormValue("code"), "5") {
			http.Redirect(w, r, "/lost?code="+r.FormValue("code"), http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// scanning is a product that may call local shops, with an offer 10 that has n links to one of them.
type scanning struct {
	addrs   []string
	dataDir string
	process *process
	client  trackingv1.ScanServiceClient
	typed   typed
}

func startScanning(t *testing.T, s *shop, n int) *scanning {
	t.Helper()
	w := &scanning{addrs: freeAddrs(t, 3), dataDir: t.TempDir()}
	w.start(t)
	w.typed = newTyped(t, w.addrs)
	w.client = trackingv1.NewScanServiceClient(dialWithKey(t, w.addrs[2]))
	w.typed.campaign(t, "10", n, func(i int) (string, *couponv1.Publisher) {
		return fmt.Sprint(100 + i), &couponv1.Publisher{DisplayName: "Mia Runs"}
	})
	_, err := w.typed.offers.UpdateOffer(t.Context(), &couponv1.UpdateOfferRequest{Offer: &couponv1.Offer{
		Name: "offers/10", LandingPageUrl: s.URL + "/p?cid={click_id}&code={coupon_code}",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *scanning) start(t *testing.T) {
	t.Helper()
	_, w.process = startAt(t, w.addrs, w.dataDir, map[string]string{"COUPONLINK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1/32"})
}

func (w *scanning) scan(t *testing.T) *trackingv1.OfferScan {
	t.Helper()
	scan, err := w.client.CreateOfferScan(t.Context(), &trackingv1.CreateOfferScanRequest{Parent: "offers/10"})
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// await waits until ok accepts a scan. It tries again while the product cannot be reached.
func (w *scanning) await(t *testing.T, name, what string, ok func(*trackingv1.OfferScan) bool) *trackingv1.OfferScan {
	t.Helper()
	var got *trackingv1.OfferScan
	var err error
	for start := time.Now(); time.Since(start) < scanPatience; time.Sleep(20 * time.Millisecond) {
		got, err = w.client.GetOfferScan(t.Context(), &trackingv1.GetOfferScanRequest{Name: name})
		if err == nil && ok(got) {
			return got
		}
		if err != nil && status.Code(err) != codes.Unavailable {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s: not after %s: %v, %v", what, scanPatience, got, err)
	return nil
}

// results returns a scan's results, listed in several pages.
func (w *scanning) results(ctx context.Context, t *testing.T, name, filter string) []*trackingv1.OfferScanResult {
	t.Helper()
	var all []*trackingv1.OfferScanResult
	req := &trackingv1.ListOfferScanResultsRequest{Parent: name, Filter: filter, PageSize: 7}
	for {
		page, err := w.client.ListOfferScanResults(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.GetOfferScanResults()...)
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return all
		}
	}
}

// TestOfferScanSurvivesACrash kills the process twice during a scan, as kill -9 does. In the end each link has one
// result, and no link was scanned twice.
func TestOfferScanSurvivesACrash(t *testing.T) {
	t.Parallel()
	const links = 30
	shop := newShop(t)
	w := startScanning(t, shop, links)
	scan := w.scan(t)
	var scanTimes []time.Time
	for _, until := range []int32{8, 18} {
		before := w.await(t, scan.GetName(), "the middle", func(s *trackingv1.OfferScan) bool { return s.GetScannedCount() >= until })
		if before.GetLinkCount() != links || before.GetState() != trackingv1.OfferScan_RUNNING {
			t.Fatalf("in the middle the scan is %v", before)
		}
		for _, r := range w.results(t.Context(), t, scan.GetName(), "")[:8] {
			scanTimes = append(scanTimes, r.GetScanTime().AsTime())
		}
		w.process.kill()
		w.start(t)
		after := w.await(t, scan.GetName(), "back", func(*trackingv1.OfferScan) bool { return true })
		if after.GetScannedCount() < before.GetScannedCount() {
			t.Errorf("%d links were scanned before the crash, and after it %d", before.GetScannedCount(), after.GetScannedCount())
		}
	}
	done := w.await(t, scan.GetName(), "done", func(s *trackingv1.OfferScan) bool { return s.GetState() == trackingv1.OfferScan_DONE })
	if done.GetLinkCount() != links || done.GetScannedCount() != links || done.GetErrorCount() != 3 || done.GetWarningCount() != links-3 {
		t.Errorf("done is %v", done)
	}
	results := w.results(t.Context(), t, scan.GetName(), "")
	var coupons []string
	for i, r := range results {
		coupons = append(coupons, r.GetCoupon())
		if i < 8 && (!r.GetScanTime().AsTime().Equal(scanTimes[i]) || !r.GetScanTime().AsTime().Equal(scanTimes[8+i])) {
			t.Errorf("%s was scanned again after a crash", r.GetCoupon())
		}
	}
	if !slices.IsSorted(coupons) || len(slices.Compact(coupons)) != links {
		t.Errorf("the results are of %q", coupons)
	}
	lost := w.results(t.Context(), t, scan.GetName(), "ok = false")
	for _, r := range lost {
		if r.GetProblems()[0].GetReason() != "CLICK_ID_LOST" || !strings.HasPrefix(r.GetFinalUrl(), shop.URL+"/lost?code=") || r.GetHopCount() != 3 {
			t.Errorf("a lost click is %v", r)
		}
	}
	if len(lost) != 3 {
		t.Errorf("%d links lose the click, want 3", len(lost))
	}
	if most := int64(links + 3 + 2*2); shop.visits.Load() > most {
		t.Errorf("the shop was visited %d times, want at most %d", shop.visits.Load(), most)
	}
	w.checkNoClicks(t)
}

// checkNoClicks checks in the summary that a scan makes neither clicks nor sales.
func (w *scanning) checkNoClicks(t *testing.T) {
	t.Helper()
	page, err := w.typed.conversions.ListConversions(t.Context(), &trackingv1.ListConversionsRequest{PageSize: 1})
	if err != nil || len(page.GetConversions()) != 0 {
		t.Errorf("the scan made conversions: %v (%v)", page, err)
	}
}

// TestOfferScanIsCancelled cancels a running scan. A second scan of the same offer is refused until then.
func TestOfferScanIsCancelled(t *testing.T) {
	t.Parallel()
	shop := newShop(t)
	w := startScanning(t, shop, 12)
	scan := w.scan(t)
	_, err := w.client.CreateOfferScan(t.Context(), &trackingv1.CreateOfferScanRequest{Parent: "offers/10"})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a second scan: %v", err)
	}
	w.await(t, scan.GetName(), "a few", func(s *trackingv1.OfferScan) bool { return s.GetScannedCount() >= 3 })
	cancelled, err := w.client.CancelOfferScan(t.Context(), &trackingv1.CancelOfferScanRequest{Name: scan.GetName()})
	if err != nil || cancelled.GetState() != trackingv1.OfferScan_CANCELLED || cancelled.GetEndTime() == nil {
		t.Fatalf("cancelled is %v (%v)", cancelled, err)
	}
	time.Sleep(time.Second)
	visits := shop.visits.Load()
	time.Sleep(time.Second)
	still := w.await(t, scan.GetName(), "still cancelled", func(*trackingv1.OfferScan) bool { return true })
	if shop.visits.Load() != visits || still.GetScannedCount() != cancelled.GetScannedCount() || still.GetScannedCount() >= 12 {
		t.Errorf("after the end it goes on: %d visits, then %d; %v, then %v", visits, shop.visits.Load(), cancelled, still)
	}
	if n := len(w.results(t.Context(), t, scan.GetName(), "")); n != int(still.GetScannedCount()) {
		t.Errorf("%d results, and %d counted", n, still.GetScannedCount())
	}
	w.scan(t)
}
