package attribution_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/scan"
)

// newScanner returns a Scanner without a store: any read or write of one panics.
func newScanner(t *testing.T, c *catalog) *linkscan.Scanner {
	t.Helper()
	return newScannerAt(t, c, "https://go.example.com", "")
}

// newScannerAt returns a service at a public URL, with shop pages under a path.
func newScannerAt(t *testing.T, c *catalog, publicURL, pages string) *linkscan.Scanner {
	t.Helper()
	allowed, err := outbound.ParseAllowed("127.0.0.1/32")
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.NewClient(allowed)
	t.Cleanup(client.CloseIdleConnections)
	store, clock := newStore(t), func() time.Time { return now }
	return linkscan.NewScanner(linkscan.ScannerConfig{
		Clicks:      clicks.New(clicks.Config{Store: store, Catalog: c, Now: clock, PublicURL: publicURL}),
		Attribution: attribution.New(attribution.Config{Store: store, Catalog: c, Now: clock, Zone: time.UTC}),
		Follower:    scan.New(scan.Config{Client: client, Now: time.Now}),
		Now:         clock, PublicURL: publicURL, Pages: pages,
	})
}

// newShop starts a shop whose /drop redirects without the parameters, and leads offer 10 to a path of it.
// It returns the shop's URL and how often it was called.
func newShop(t *testing.T, c *catalog, path string) (base string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		to, ok := map[string]string{"/drop": "/page?code=" + r.FormValue("code"), "/to": r.FormValue("u")}[r.URL.Path]
		if ok {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	}))
	t.Cleanup(shop.Close)
	landing, err := trackinglink.Compile(shop.URL + path + "?click={click_id}&code={coupon_code}")
	if err != nil {
		t.Fatal(err)
	}
	offer := c.offers["10"]
	offer.Landing = landing
	c.offers["10"] = offer
	return shop.URL, calls
}

func scanned(t *testing.T, s *linkscan.Scanner, link string) redirect.Scan {
	t.Helper()
	got, err := s.ScanLink(t.Context(), link, redirect.Visitor{Language: "en"})
	if err != nil {
		t.Fatalf("%s: %v", link, err)
	}
	return got
}

// reasons are those of a scan's problems, but for http, which the shop here speaks.
func reasons(s redirect.Scan) string {
	var all []string
	for _, p := range s.Problems {
		if p.Reason != "NOT_HTTPS" {
			all = append(all, p.Reason)
		}
	}
	return strings.Join(all, " ")
}

// Scans call shop pages at our own origin like any others, but nothing else there.
func TestScanOfOurOwnPages(t *testing.T) {
	c := newCatalog(t)
	origin, calls := newShop(t, c, "/demo-shop/page")
	link := origin + "/click?offer_id=10&pub_id=22&coupon_code=salexyz20"
	got := scanned(t, newScannerAt(t, c, origin, "/demo-shop/"), link)
	if reasons(got) != "" || !got.ClickIDArrived || !got.CodeArrived || calls.Load() != 1 {
		t.Errorf("%d calls, %+v", calls.Load(), got)
	}
	for _, other := range []string{"/postback?token=x", "/demo-shop/../postback?token=x", "/demo-shopping/"} {
		got := scanned(t, newScannerAt(t, c, origin, "/demo-shop/"), origin+other)
		if reasons(got) != redirect.FaultNoLink || calls.Load() != 1 {
			t.Errorf("%s: %d calls, %+v", other, calls.Load(), got)
		}
	}
	if got := scanned(t, newScannerAt(t, c, origin, ""), link); got.ClickIDArrived || calls.Load() != 1 {
		t.Errorf("without pages: %d calls, %+v", calls.Load(), got)
	}
}

func TestScanOfALinkThatWorks(t *testing.T) {
	c := newCatalog(t)
	shop, calls := newShop(t, c, "/page")
	s := newScanner(t, c)
	for _, link := range []string{
		"https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=salexyz20",
		"https://go.example.com/click?coupon_code=SALEXYZ20",
		"http://go.example.com/c/salexyz20?pub_sub_id=x",
		shop + "/to?u=https%3A%2F%2Fgo.example.com%2Fc%2FSALEXYZ20",
	} {
		before := calls.Load()
		got := scanned(t, s, link)
		if reasons(got) != "" || !got.ClickIDArrived || !got.CodeArrived {
			t.Errorf("%s: %+v", link, got)
			continue
		}
		l := got.Link
		if l.Offer != "10" || !l.OfferActive || !l.PublisherApproved || l.Click.Coupon != "offers/10/coupons/22.SALEXYZ20" || l.Click.CouponCode != "SaleXYZ20" || l.Click.Reason != "" {
			t.Errorf("%s: means %+v", link, l)
		}
		if want := shop + "/page?click=" + l.Click.ID + "&code=SaleXYZ20"; got.FinalURL != want {
			t.Errorf("%s: ends at %s, want %s", link, got.FinalURL, want)
		}
		if v := got.Verdict; v == nil || v.Outcome != domain.Attributed || v.Method != domain.CouponLink || v.Publisher != "22" {
			t.Errorf("%s: verdict %+v", link, v)
		}
		if n := calls.Load() - before; n != int64(len(got.Hops))-1 {
			t.Errorf("%s: %d calls for %d hops, of which one is ours", link, n, len(got.Hops))
		}
	}
}

func TestScanFindsWhatIsWrong(t *testing.T) {
	const full = "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20"
	for _, tt := range []struct {
		link    string
		change  func(*catalog)
		status  int
		reasons string
	}{
		{link: full, change: func(c *catalog) { c.coupons[0].ExpireTime = now }, status: 302, reasons: "COUPON_EXPIRED CLICK_ID_LOST"},
		{link: full, change: func(c *catalog) { c.coupons[0].Enabled = false }, status: 302, reasons: "COUPON_DISABLED CLICK_ID_LOST"},
		{link: full, change: func(c *catalog) { c.coupons[0].StartTime = now.Add(time.Hour) }, status: 302, reasons: "COUPON_NOT_STARTED CLICK_ID_LOST"},
		{link: full, change: func(c *catalog) { c.coupons[0].Approved, c.approvals["10/22"] = false, false }, status: 302, reasons: "PUBLISHER_NOT_APPROVED CLICK_ID_LOST"},
		{link: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=NOSUCH", status: 302, reasons: "CODE_UNKNOWN CLICK_ID_LOST"},
		{link: "https://go.example.com/click?offer_id=99&pub_id=22", status: 404, reasons: "OFFER_UNKNOWN"},
		{link: "https://go.example.com/c/NOSUCH", status: 404, reasons: "CODE_UNKNOWN"},
		{link: "https://go.example.com/c/BOTH", status: 404, reasons: "CODE_SHARED"},
		{link: "https://go.example.com/click", status: 404, reasons: "LINK_MALFORMED"},
		{link: "https://go.example.com/click?offer_id=10&offer_id=11", status: 302, reasons: "NO_PUBLISHER"},
		{link: "https://go.example.com/postback?coupon_code=SALEXYZ20&token=token10", reasons: "NOT_A_TRACKING_LINK"},
		{link: "https://go.example.com/c/a/b", status: 404, reasons: "CODE_UNKNOWN"},
		{link: "https://go.example.com/c/", reasons: "NOT_A_TRACKING_LINK"},
	} {
		c := newCatalog(t)
		shop, calls := newShop(t, c, "/page")
		offer := c.offers["10"]
		sorry, err := trackinglink.Compile(shop + "/sorry")
		if err != nil {
			t.Fatal(err)
		}
		offer.Fallback = sorry
		c.offers["10"] = offer
		if tt.change != nil {
			tt.change(c)
		}
		got := scanned(t, newScanner(t, c), tt.link)
		if reasons(got) != tt.reasons || got.Hops[0].HTTPStatus != tt.status || tt.status != 302 && (got.Verdict != nil || calls.Load() > 0) {
			t.Errorf("%s: got %s with %+v, want %s", tt.link, reasons(got), got.Hops[0], tt.reasons)
		}
		unattributed := got.Verdict != nil && got.Verdict.Outcome == domain.Unattributed
		if tt.status == 302 && (got.FinalURL != shop+"/sorry" || unattributed != strings.Contains(tt.link, "coupon_code=")) {
			t.Errorf("%s: ends at %s with %+v", tt.link, got.FinalURL, got.Verdict)
		}
	}
}

func TestScanOfAShopThatLosesTheClick(t *testing.T) {
	c := newCatalog(t)
	shop, _ := newShop(t, c, "/drop")
	s := newScanner(t, c)
	got := scanned(t, s, "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20")
	if reasons(got) != "CLICK_ID_LOST" || got.Problems[0].Hop != 2 || got.ClickIDArrived || !got.CodeArrived || got.FinalURL != shop+"/page?code=SaleXYZ20" {
		t.Errorf("got %+v", got)
	}
	if v := got.Verdict; v == nil || v.Outcome != domain.Attributed || v.Method != domain.CouponCode {
		t.Errorf("the code alone: %+v", v)
	}
	// Where the coupon wants a click as well, the loss costs the sale.
	c.coupons[0].Settings.Precedence = domain.OnlyIfClicked
	if v := scanned(t, s, "https://go.example.com/c/SALEXYZ20").Verdict; v.Outcome != domain.Unattributed || v.Reason != domain.ClickRequired {
		t.Errorf("ONLY_IF_CLICKED: %+v", v)
	}
}

// TestScanThatLeadsToOurOwn: a shop that calls our postback by its redirect makes no sale.
func TestScanThatLeadsToOurOwn(t *testing.T) {
	c := newCatalog(t)
	shop, _ := newShop(t, c, "/page")
	s := newScanner(t, c)
	got := scanned(t, s, shop+"/to?u=https%3A%2F%2Fgo.example.com%2Fpostback%3Fcoupon_code%3DOPEN11")
	if reasons(got) != "NOT_A_TRACKING_LINK" || got.Link != nil || got.Verdict != nil || len(got.Hops) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestScanRefuses(t *testing.T) {
	c := newCatalog(t)
	s := newScanner(t, c)
	if _, err := s.ScanLink(t.Context(), "shop", redirect.Visitor{}); !apperr.Is(err, apperr.InvalidArgument) {
		t.Errorf("got %v", err)
	}
	c.err = apperr.New(apperr.Unavailable, "AWAY", "the coupon service is away")
	if _, err := s.ScanLink(t.Context(), "https://go.example.com/c/SALEXYZ20", redirect.Visitor{}); !errors.Is(err, c.err) {
		t.Errorf("got %v", err)
	}
}
