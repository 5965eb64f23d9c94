package browser

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// backAndReload asks a list and the report for something, leaves, and comes back.
func (s *suite) backAndReload(t *testing.T) {
	p := startDemo(t, s.binary)
	p.program()
	p.api(http.MethodPost, "/v1/offers?offer_id=11", `{"displayName": "Garden chairs", "landingPageUrl": "`+landingPage+`"}`)
	b := s.newTab(t, p.site)
	b.logIn()
	t.Run("search of a list", func(t *testing.T) { b.on(t).listKeepsSearch() })
	t.Run("columns and filter of the report", func(t *testing.T) { b.on(t).reportKeepsState() })
}

func (b *tab) listKeepsSearch() {
	b.t.Helper()
	b.press(link("Offers"))
	b.fill("Search offers by name or id", "Garden")
	b.missing(row("Running shoes"))
	isKept := func(when string) {
		b.t.Helper()
		b.see(row("Garden chairs"))
		if b.has(row("Running shoes")) {
			b.t.Errorf("%s the list is not filtered any more", when)
		}
		if e := b.see(field("Search offers by name or id")); e.value != "Garden" {
			b.t.Errorf("%s the search box has %q", when, e.value)
		}
	}
	b.reload()
	isKept("after a reload")
	b.press(link("Garden chairs").in(row("Garden chairs")))
	b.see(heading("Garden chairs"))
	b.back()
	isKept("after going back")
}

func (b *tab) reportKeepsState() {
	b.t.Helper()
	b.press(link("Conversion Report"))
	b.press(button("Columns"))
	b.press(field("Pub. Unique 3"))
	b.press(button("Show these columns"))
	b.see(columnHeader("Pub. Unique 3"))
	b.choose("Column", "Status")
	b.choose("Value", "Approved")
	b.press(button("Apply filter"))
	b.see(link("Clear filter"))
	before := b.reportRows()
	if len(before) == 0 {
		b.t.Fatal("the demo has no approved conversion in the report")
	}
	isKept := func(when string) {
		b.t.Helper()
		b.see(columnHeader("Pub. Unique 3"))
		if e := b.see(field("Value")); e.value != "Approved" {
			b.t.Errorf("%s the filter's value is %q", when, e.value)
		}
		if after := b.reportRows(); strings.Join(after, "\n") != strings.Join(before, "\n") {
			b.t.Errorf("%s the rows are\n%s\nwant\n%s", when, strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
	}
	b.reload()
	isKept("after a reload")
	b.open(b.address())
	isKept("by its address")
	b.press(want{roles: []string{"link"}}.in(want{roles: []string{"cell", "rowheader", "gridcell"}}.in(want{roles: []string{"row"}, text: "Approved"})))
	b.see(heading("Decision…"))
	b.back()
	isKept("after going back")
}

func columnHeader(name string) want { return want{roles: []string{"columnheader"}, text: name} }

// reportRows are the texts of the table's rows.
func (b *tab) reportRows() []string {
	var rows []string
	for _, e := range b.see(want{roles: []string{"table"}}).all() {
		if e.role == "row" && !strings.Contains(e.text(), "Pub. Unique 3") {
			rows = append(rows, e.text())
		}
	}
	return rows
}

// twoTabs lets two people change one coupon: the second is told, loses nothing, and decides.
func (s *suite) twoTabs(t *testing.T) {
	p := startProduct(t, s.binary)
	p.program()
	const coupon = "/v1/offers/10/coupons/22.SALEXYZ20"
	p.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "SALEXYZ20", "publisher": "publishers/22", "internalNote": "as it was"}`)
	first := s.newTab(t, p.site)
	first.logIn()
	second := first.sibling()
	for _, b := range []*tab{first, second} {
		b.open("/console/coupons")
		b.press(link("SALEXYZ20").in(row("SALEXYZ20")))
	}
	first.fill("Internal Note", "of the first")
	first.press(button("Save"))
	first.see(text("saved"))
	second.expected = append(second.expected, "status of 409")
	second.fill("Internal Note", "of the second")
	second.press(button("Save"))
	second.see(text("Somebody else has changed this since you opened it."))
	second.see(text("of the first"))
	if e := second.see(field("Internal Note")); e.value != "of the second" {
		t.Errorf("the second's note became %q", e.value)
	}
	if got := p.api(http.MethodGet, coupon, "")["internalNote"]; got != "of the first" {
		t.Errorf("the conflict left the note %q, want the first's", got)
	}
	second.audit("a conflict")
	second.screenshot("conflict")
	second.press(button("Save"))
	second.see(text("saved"))
	if got := p.api(http.MethodGet, coupon, "")["internalNote"]; got != "of the second" {
		t.Errorf("having seen the conflict the second saved, and the note is %q", got)
	}
}

// slowNetwork presses Save twice while nothing seems to happen: the button shows that it works, and one
// coupon is made.
func (s *suite) slowNetwork(t *testing.T) {
	p := startProduct(t, s.binary)
	p.program()
	b := s.newTab(t, p.site)
	b.logIn()
	b.open("/console/coupons/new")
	b.fill("Coupon Code", "SALEXYZ20")
	b.pick("Offer", "10", "Running shoes")
	b.pick("Publisher", "22", "Mia Runs")
	b.settle()
	call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 4000, DownloadThroughput: 50_000, UploadThroughput: 20_000}},
	})
	// The page records which buttons become busy, and keeps that for the next page. A check from here could be too late.
	eval[bool](b, `(sessionStorage.busy = '', new MutationObserver((changes) => changes.forEach(({target}) => {
		if (target.getAttribute('aria-busy') === 'true') { sessionStorage.busy += target.innerText.trim() + ' '; }
	})).observe(document, {subtree: true, attributes: true, attributeFilter: ['aria-busy']}), true)`)
	x, y, err := b.middleOf(b.see(button("Save")))
	b.must("finding Save", err)
	b.must("pressing Save twice", chromedp.Do(b.ctx, chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y), chromedp.KeyEvent(kb.Enter)))
	b.see(row("SALEXYZ20"))
	if busy := eval[string](b, `sessionStorage.busy`); busy != "Save " {
		t.Errorf("while the coupon was being saved the busy buttons were %q, want Save once", busy)
	}
	if sent := b.watch.postsTo("/coupons/new"); sent != 1 {
		t.Errorf("the form was sent %d times", sent)
	}
	if list, _ := p.api(http.MethodGet, "/v1/offers/-/coupons", "")["coupons"].([]any); len(list) != 1 {
		t.Errorf("%d coupons were made", len(list))
	}
}

// manyCoupons opens the Coupons table when there are ten thousand of them.
func (s *suite) manyCoupons(t *testing.T) {
	const limitMillis = 1000
	p := startProduct(t, s.binary)
	p.program()
	p.api(http.MethodPost, "/v1/offers/10/coupons:generate", `{"coupon": {"publisher": "publishers/22"}, "prefix": "MANY", "length": 8, "count": 10000}`)
	p.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "ONEAMONGMANY", "publisher": "publishers/22"}`)
	b := s.newTab(t, p.site)
	b.logIn()
	b.open("/console/coupons")
	few := b.loadMillis("/console/offers")
	took := b.loadMillis("/console/coupons")
	t.Logf("the page of 10,001 coupons took %.0f ms to load, that of the offers %.0f ms", took, few)
	if took > max(limitMillis, 3*few) { // a busy machine takes long over both
		t.Errorf("the Coupons table took %.0f ms to open, want at most %d", took, limitMillis)
	}
	seen := map[string]bool{}
	for n := range 3 {
		b.await("another page of the table", func() (bool, string) {
			codes := b.codesOfTable()
			return len(codes) > 0 && !seen[codes[0]], strings.Join(codes, " ")
		})
		for _, code := range b.codesOfTable() {
			if seen[code] {
				t.Errorf("page %d shows %s again", n+1, code)
			}
			seen[code] = true
		}
		b.press(button("Next"))
	}
	b.press(button("Previous"))
	b.fill("Search by code, publisher, offer or note", "ONEAMONG")
	b.see(row("ONEAMONGMANY"))
	b.await("one row", func() (bool, string) { return len(b.codesOfTable()) == 1, strings.Join(b.codesOfTable(), " ") })
}

// loadMillis opens a page three times and returns how long the quickest took to load.
func (b *tab) loadMillis(path string) float64 {
	b.t.Helper()
	quickest := math.Inf(1)
	for range 3 {
		b.open(path)
		quickest = min(quickest, eval[float64](b, `performance.getEntriesByType('navigation')[0].loadEventEnd`))
	}
	return quickest
}

func (b *tab) codesOfTable() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll('#coupons-table tbody tr')].map((r) => r.querySelector('td.first, td a').innerText.trim())`)
}
