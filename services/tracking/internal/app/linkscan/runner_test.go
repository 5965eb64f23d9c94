package linkscan_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// world is an installation whose links and shops are made up.
type world struct {
	store storetest.Store

	mu sync.Mutex
	// publishers have a coupon each, on every offer.
	publishers []string
	// scanned counts the scans of links.
	scanned map[string]int
	// underway and most count the scans of links at once, of one offer and of all.
	underway map[string]int
	most     int
	visitors []redirect.Visitor
	// scan is called for each link.
	scan  func(link string) (redirect.Scan, error)
	links error
}

func newWorld(t *testing.T, publishers ...string) *world {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{
		store: store, publishers: publishers, scanned: map[string]int{}, underway: map[string]int{},
		scan: func(string) (redirect.Scan, error) { return foreign(), nil },
	}
}

// foreign is a scan that called a shop, and own one that did not.
func foreign() redirect.Scan {
	return redirect.Scan{Hops: []redirect.Hop{{Own: true}, {}}, FinalURL: "https://shop.example.com/"}
}

func own() redirect.Scan { return redirect.Scan{Hops: []redirect.Hop{{Own: true}}} }

// Links implements linkscan.Links.
func (w *world) Links(_ context.Context, offer string) ([]trackinglink.Link, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var links []trackinglink.Link
	for _, publisher := range w.publishers {
		links = append(links, trackinglink.Link{Offer: offer, Publisher: publisher, CouponCode: "Code"})
	}
	return links, w.links
}

// ScanLink implements linkscan.Scanner.
func (w *world) ScanLink(ctx context.Context, link string, visitor redirect.Visitor) (redirect.Scan, error) {
	offer, _, _ := strings.Cut(link, "&")
	w.mu.Lock()
	w.visitors = append(w.visitors, visitor)
	w.underway[offer]++
	all := 0
	for _, n := range w.underway {
		all += n
	}
	w.most = max(w.most, all)
	if w.underway[offer] > 1 {
		w.most = 1000
	}
	scan := w.scan
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.underway[offer]--
	}()
	found, err := scan(link)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.scanned[link]++
	}
	return found, err
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// start runs a Runner until stop is called, or else the test ends.
func (w *world) start(t *testing.T, pause time.Duration) (stop func()) {
	t.Helper()
	s := linkscan.NewRunner(linkscan.RunnerConfig{
		Store: w.store, Links: w, Scanner: w, PublicURL: "https://go.example.com", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		HostPause: pause, RetryPause: 20 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// scanOf starts a scan of an offer.
func (w *world) scanOf(t *testing.T, offer string) redirect.OfferScan {
	t.Helper()
	s := linkscan.New(linkscan.Config{Store: w.store, Offers: offers{}, Now: time.Now, Wake: func() {}})
	scan, err := s.StartOfferScan(t.Context(), redirect.OfferScan{Offer: offer, Device: redirect.Phone, Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// offers is a client that has every offer.
type offers struct{}

// Offer implements linkscan.OfferClient.
func (offers) Offer(_ context.Context, id string) (domain.Offer, error) {
	return domain.Offer{ID: id}, nil
}

// await waits until a scan is as it is to be.
func (w *world) await(t *testing.T, scan redirect.OfferScan, what string, ok func(redirect.OfferScan) bool) redirect.OfferScan {
	t.Helper()
	for start := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		got, err := w.store.OfferScan(t.Context(), scan.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ok(got) {
			return got
		}
		if time.Since(start) > patience {
			t.Fatalf("%s: not after %s: %+v", what, patience, got)
		}
	}
}

func done(scan redirect.OfferScan) bool { return scan.State == redirect.ScanDone }

func (w *world) results(t *testing.T, scan redirect.OfferScan) []redirect.OfferScanResult {
	t.Helper()
	results, err := w.store.OfferScanResults(t.Context(), listing.Query{
		Where: listing.Compare{Field: "scan", Op: listing.Equal, Value: scan.ID}, Order: []listing.Order{{Field: "coupon"}}, Limit: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestAllLinksAreScanned(t *testing.T) {
	w := newWorld(t, "b", "a-1", "a", "a1")
	w.scan = func(link string) (redirect.Scan, error) {
		found := foreign()
		if strings.Contains(link, "pub_id=b") {
			found.Problems = []redirect.Problem{{Severity: redirect.Grave, Reason: "CLICK_ID_LOST", Message: "bad \xff"}}
			found.FinalURL += "\xff"
		}
		return found, nil
	}
	w.start(t, time.Millisecond)
	scan := w.await(t, w.scanOf(t, "10"), "done", done)
	if scan.LinkCount != 4 || scan.ScannedCount != 4 || scan.ErrorCount != 1 || scan.WarningCount != 0 || scan.EndTime.IsZero() {
		t.Errorf("the scan is %+v", scan)
	}
	var coupons []string
	for _, r := range w.results(t, scan) {
		coupons = append(coupons, r.Coupon)
		if r.HopCount != 2 || r.ScanTime.IsZero() || !strings.HasPrefix(r.TrackingLink, "https://go.example.com/click?offer_id=10&pub_id=") {
			t.Errorf("the result is %+v", r)
		}
		if r.Coupon == "offers/10/coupons/b.CODE" && (r.OK() || r.FinalURL != "https://shop.example.com/\uFFFD" || r.Problems[0].Message != "bad \uFFFD") {
			t.Errorf("the result is %+v", r)
		}
	}
	if got := strings.Join(coupons, " "); got != "offers/10/coupons/a-1.CODE offers/10/coupons/a.CODE offers/10/coupons/a1.CODE offers/10/coupons/b.CODE" {
		t.Errorf("the results are %s", got)
	}
	for _, v := range w.visitors {
		if v != (redirect.Visitor{Phone: true, Language: "de"}) {
			t.Errorf("the visitor was %+v", v)
		}
	}
	if empty := w.await(t, w.emptyScan(t), "done", done); empty.LinkCount != 0 || empty.ScannedCount != 0 {
		t.Errorf("one without links is %+v", empty)
	}
}

// emptyScan starts a scan of an offer without links.
func (w *world) emptyScan(t *testing.T) redirect.OfferScan {
	t.Helper()
	w.set(func() { w.publishers = nil })
	return w.scanOf(t, "11")
}

// TestTwoScansAtOnce counts how many links are scanned at a time.
func TestTwoScansAtOnce(t *testing.T) {
	w := newWorld(t, "1", "2", "3")
	w.scan = func(string) (redirect.Scan, error) {
		time.Sleep(10 * time.Millisecond)
		return foreign(), nil
	}
	var scans []redirect.OfferScan
	for i := range 4 {
		scans = append(scans, w.scanOf(t, fmt.Sprint(10+i)))
	}
	w.start(t, time.Millisecond)
	for _, scan := range scans {
		w.await(t, scan, "done", done)
	}
	if w.most != 2 {
		t.Errorf("%d links were scanned at once, want 2 of different offers", w.most)
	}
}

// TestPause lies between links that call others, and only there.
func TestPause(t *testing.T) {
	const pause = 60 * time.Millisecond
	for _, tt := range []struct {
		found       redirect.Scan
		least, most time.Duration
	}{{foreign(), 4 * pause, time.Hour}, {own(), 0, 4 * pause}} {
		w := newWorld(t, "1", "2", "3", "4", "5")
		w.scan = func(string) (redirect.Scan, error) { return tt.found, nil }
		w.start(t, pause)
		scan := w.await(t, w.scanOf(t, "10"), "done", done)
		results := w.results(t, scan)
		if took := results[4].ScanTime.Sub(results[0].ScanTime) + time.Millisecond; took < tt.least || took > tt.most {
			t.Errorf("five links took %s, want %s to %s", took, tt.least, tt.most)
		}
	}
}

// TestStopAndGoOn stops in the middle: the next one goes on where the first stopped, at once, without
// scanning what was scanned.
func TestStopAndGoOn(t *testing.T) {
	publishers := make([]string, 20)
	for i := range publishers {
		publishers[i] = fmt.Sprint("p", i)
	}
	w := newWorld(t, publishers...)
	scan := w.scanOf(t, "10")
	stop := w.start(t, 5*time.Millisecond)
	w.await(t, scan, "some links", func(s redirect.OfferScan) bool { return s.ScannedCount >= 5 })
	stop()
	half := w.await(t, scan, "running", func(s redirect.OfferScan) bool { return s.State == redirect.ScanRunning })
	if half.ScannedCount >= 20 || half.LinkCount != 20 {
		t.Fatalf("it was not stopped in the middle: %+v", half)
	}
	w.set(func() {
		w.publishers = slices.DeleteFunc(append(w.publishers, "new"), func(p string) bool { return p == "p19" || p == "p0" })
	})
	w.start(t, time.Millisecond)
	whole := w.await(t, scan, "done", done)
	gone := 1 // p0, the first, was scanned, and p19 may have been
	if w.scanned["https://go.example.com/click?offer_id=10&pub_id=p19&coupon_code=Code"] > 0 {
		gone++
	}
	if want := 19 + gone; whole.LinkCount != want || whole.ScannedCount != want {
		t.Errorf("the scan is %+v, want %d links", whole, want)
	}
	again := 0
	for _, count := range w.scanned {
		again += count - 1
	}
	if again > 1 { // the one at which it was stopped
		t.Errorf("%d links were scanned again", again)
	}
}

// TestCancel ends a scan within a link: what is found of that is not kept.
func TestCancel(t *testing.T) {
	w := newWorld(t, "1", "2", "3")
	reached, release := make(chan struct{}), make(chan struct{})
	w.scan = func(link string) (redirect.Scan, error) {
		if strings.Contains(link, "offer_id=10&pub_id=2") {
			close(reached)
			<-release
		}
		return foreign(), nil
	}
	scan := w.scanOf(t, "10")
	w.start(t, time.Millisecond)
	<-reached
	if _, err := w.store.EndOfferScan(t.Context(), scan.ID, redirect.ScanCancelled, time.Now().UTC().Truncate(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	close(release)
	next := w.await(t, w.scanOf(t, "11"), "the next is begun", func(s redirect.OfferScan) bool { return s.LinkCount > 0 })
	got := w.await(t, scan, "cancelled", func(s redirect.OfferScan) bool { return s.State == redirect.ScanCancelled })
	if got.ScannedCount != 1 || len(w.results(t, scan)) != 1 || next.Offer != "11" {
		t.Errorf("the scan is %+v", got)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.scanned["https://go.example.com/click?offer_id=10&pub_id=3&coupon_code=Code"]; n != 0 {
		t.Errorf("the link after it was scanned %d times", n)
	}
}

// TestCouponServiceAway has it away at the list, and in the middle of a scan: no result says so, and the
// scan goes on when it is back.
func TestCouponServiceAway(t *testing.T) {
	w := newWorld(t, "1", "2", "3")
	away := apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "away")
	w.links = away
	scan := w.scanOf(t, "10")
	w.start(t, time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	w.set(func() {
		w.links = nil
		w.scan = func(link string) (redirect.Scan, error) {
			if strings.Contains(link, "pub_id=2") {
				return redirect.Scan{}, away
			}
			return own(), nil
		}
	})
	half := w.await(t, scan, "the first link", func(s redirect.OfferScan) bool { return s.ScannedCount > 0 })
	if half.ScannedCount != 1 || half.State != redirect.ScanRunning {
		t.Errorf("while it is away the scan is %+v", half)
	}
	w.set(func() { w.scan = func(string) (redirect.Scan, error) { return own(), nil } })
	if got := w.await(t, scan, "done", done); got.ScannedCount != 3 || got.ErrorCount != 0 {
		t.Errorf("the scan is %+v", got)
	}
}

// TestBrokenOffer holds up no other one's scan for good.
func TestBrokenOffer(t *testing.T) {
	w := newWorld(t, "1", "2")
	w.scan = func(link string) (redirect.Scan, error) {
		if strings.Contains(link, "offer_id=bad") {
			return redirect.Scan{}, errors.New("it is broken")
		}
		return foreign(), nil
	}
	bad := []redirect.OfferScan{w.scanOf(t, "bad1"), w.scanOf(t, "bad2"), w.scanOf(t, "bad3")}
	good := w.scanOf(t, "good")
	w.start(t, time.Millisecond)
	w.await(t, good, "done", done)
	for _, scan := range bad {
		if got, err := w.store.OfferScan(t.Context(), scan.ID); err != nil || got.State != redirect.ScanRunning || got.ScannedCount != 0 {
			t.Errorf("the broken one is %+v (%v)", got, err)
		}
	}
}
