package browser

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
)

// liveScan scans a link whose last page answers only when the test has seen the hop before it: the way is
// told while it is gone. Then the product ends in the middle of a scan, and the page says so.
func (s *suite) liveScan(t *testing.T) {
	seen := make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/first":
			http.Redirect(w, r, "/last", http.StatusFound)
		case "/last":
			<-seen
		case "/gone":
			http.Redirect(w, r, "/silent", http.StatusFound)
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(site.Close)
	p := startProduct(t, s.binary, "COUPONLINK_ALLOWED_PRIVATE_HOSTS=127.0.0.1/32")
	b := s.newTab(t, p.site)
	b.logIn()
	b.beginScan(site.URL + "/first")
	b.see(text("Calling " + site.URL + "/last"))
	if !b.has(heading("Hop 1 "+site.URL)) || b.has(heading("Hop 2 "+site.URL)) || b.has(heading("This link works")) {
		t.Errorf("while the last page is called the page is\n%s", b.tree())
	}
	b.screenshot("scan-on-its-way")
	close(seen)
	b.see(heading("This link works"))
	b.see(heading("Hop 2 " + site.URL))
	b.missing(text("Scanning…"))

	b.beginScan(site.URL + "/gone")
	b.see(text("Calling " + site.URL + "/silent"))
	b.expected = append(b.expected, "net::ERR_INCOMPLETE_CHUNKED_ENCODING")
	p.stop()
	b.see(text("The scan broke off"))
}

// lossyScan scans a coupon's link whose second hop forgets the click id: the picture of the way says where it
// is made and where it is lost.
func (s *suite) lossyScan(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		click, code := url.QueryEscape(r.FormValue("cid")), url.QueryEscape(r.FormValue("promo"))
		switch r.URL.Path {
		case "/passes-on":
			http.Redirect(w, r, "/forgets?cid="+click+"&promo="+code, http.StatusFound)
		case "/forgets":
			http.Redirect(w, r, "/shop?promo="+code, http.StatusFound)
		}
	}))
	t.Cleanup(site.Close)
	p := startProduct(t, s.binary, "COUPONLINK_ALLOWED_PRIVATE_HOSTS=127.0.0.1/32")
	p.program()
	p.api(http.MethodPatch, "/v1/offers/10?updateMask=landing_page_url", `{"landingPageUrl": "`+site.URL+`/passes-on?cid={click_id}&promo={coupon_code}"}`)
	link, _ := p.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "SALEXYZ20", "publisher": "publishers/22"}`)["trackingLink"].(string)
	b := s.newTab(t, p.site)
	b.logIn()
	b.beginScan(link)
	b.see(heading("This link does not work as it should"))
	// One row for each hop; the columns are the hop, the click id, the code and the publisher.
	rows := b.rowsOf(want{roles: []string{"table"}, name: "Parameters in the URL of each hop"})
	for i, what := range map[int][]string{
		1: {"Made here", "Yes", "Yes", "Lost here"}, 2: {"Yes", "Yes", "Yes", "Yes"}, 3: {"Yes", "No", "No", "No"}, // the offer's page does not ask for it
	} {
		var shown []string
		for _, row := range rows {
			shown = append(shown, row[i])
		}
		if !slices.Equal(shown, what) {
			t.Errorf("column %d has %q, want %q, in %q", i, shown, what, rows)
		}
	}
	b.audit("a link that loses its click id")
	b.screenshot("scan-lost")
	b.size(narrowWidth, narrowHeight)
	b.screenshot("scan-lost-narrow")
}

// beginScan opens the Scan Tool with a link, and does not wait for what it finds.
func (b *tab) beginScan(address string) {
	b.t.Helper()
	result := call(b, page.Navigate, page.NavigateParams{URL: b.site + "/console/tools/scan?" + url.Values{"url": {address}}.Encode()})
	if result.ErrorText != "" {
		b.t.Fatalf("opening the Scan Tool: %s", result.ErrorText)
	}
}
