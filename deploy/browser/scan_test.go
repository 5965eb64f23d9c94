package browser

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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

// beginScan opens the Scan Tool with a link, and does not wait for what it finds.
func (b *tab) beginScan(address string) {
	b.t.Helper()
	result := call(b, page.Navigate, page.NavigateParams{URL: b.site + "/console/tools/scan?" + url.Values{"url": {address}}.Encode()})
	if result.ErrorText != "" {
		b.t.Fatalf("opening the Scan Tool: %s", result.ErrorText)
	}
}
