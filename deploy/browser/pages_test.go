package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// maxPages bounds the walk, should the pages link to ever more of themselves.
const maxPages = 80

// serverLimitMillis is how long the product may take to answer with a page of the demo's data: the fastest
// of its loads, since the machine may be busy.
const serverLimitMillis = 50

// layoutShiftLimit is the sum of layout shifts that nobody sees; from 0.1 on it counts as bad.
const layoutShiftLimit = 0.02

// collections are the segments of paths that an id follows; what is no id but a page of its own is said by
// pageWords.
var (
	collections = regexp.MustCompile(`/(offers|publishers|coupons|conversions|postbacks|deliveries|scans)/([^/?]+)`)
	pageWords   = []string{"new", "generate", "import", "export", "coupons", "conversions", "publishers", "postbacks", "deliveries", "extend"}
)

// kinds are the names in a query that make another kind of page; the others only say which rows it shows.
var kinds = []string{"saved", "url", "preset", "group"}

// kindOf returns what pages of one kind share, /console/offers/{id}/settings, and the address of the page
// without what does not matter.
func kindOf(t testing.TB, address string) (kind, plain string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("a page links to %q: %v", address, err)
	}
	query, names := url.Values{}, []string{}
	for _, name := range kinds {
		if value := u.Query().Get(name); value != "" {
			query.Set(name, value)
			names = append(names, name)
		}
	}
	path := collections.ReplaceAllStringFunc(u.Path, func(match string) string {
		parts := strings.Split(match, "/")
		if slices.Contains(pageWords, parts[2]) {
			return match
		}
		return "/" + parts[1] + "/{id}"
	})
	if len(names) == 0 {
		return path, u.EscapedPath()
	}
	return path + "?" + strings.Join(names, "&"), u.EscapedPath() + "?" + query.Encode()
}

// everyPage walks all pages that the menu leads to, each once per pattern, and looks at each in both themes
// and both widths.
func (s *suite) everyPage(t *testing.T) {
	p := startDemo(t, s.binary)
	p.liven()
	b := s.newTab(t, p.site)
	b.open("/console/login")
	b.look("/console/login")
	b.logIn()
	known := map[string]bool{}
	queue := []string{"/console/", "/console/nowhere", "/console/reports/conversions?group=day", "/console/offers/10/scans"}
	for len(queue) > 0 && len(known) < maxPages {
		kind, address := kindOf(t, queue[0])
		queue = queue[1:]
		if !known[kind] {
			known[kind] = true
			t.Run(kind, func(t *testing.T) { queue = append(queue, b.on(t).visit(kind, address)...) })
		}
	}
	if len(known) == maxPages {
		t.Errorf("there were more than %d kinds of pages", maxPages)
	}
	t.Logf("%d kinds of pages", len(known))
	t.Run("coupons on a phone", func(t *testing.T) { b.on(t).phoneHasTable() })
	b.readmePictures()
}

// cardLimitPixels is how high a coupon may be on a phone, so that four or five are seen at once.
const cardLimitPixels = 180

// phoneHasTable reads the Coupons table on a phone: the rows look like cards and are still a table's.
func (b *tab) phoneHasTable() {
	b.t.Helper()
	b.size(narrowWidth, narrowHeight)
	b.open("/console/coupons")
	b.see(columnHeader("Tracking link"))
	inRow := row("SALEXYZ20")
	for _, said := range []string{"SALEXYZ20", "Running shoes", "Mia Runs", "Active", "Never", "coupon_code=SALEXYZ20"} {
		b.see(want{roles: []string{"cell", "gridcell"}, text: said}.in(inRow))
	}
	for _, label := range []string{"QR", "Scan"} {
		b.see(link(label).in(inRow))
	}
	highest := eval[float64](b, `Math.max(...[...document.querySelectorAll('#coupons-table tbody tr')].map((r) => r.getBoundingClientRect().height))`)
	if highest > cardLimitPixels {
		b.t.Errorf("a coupon is %.0f px high at %d px, want at most %d", highest, narrowWidth, cardLimitPixels)
	}
	b.size(wideWidth, wideHeight)
}

// readmePictures takes what the README shows: docs/images are copies of these.
func (b *tab) readmePictures() {
	b.t.Helper()
	b.size(wideWidth, wideHeight)
	for name, address := range map[string]string{
		"overview": "/console/",
		"coupons":  "/console/coupons",
		"report":   "/console/reports/conversions?group=day",
	} {
		b.open(address)
		b.keep("readme-"+name, chromedp.CaptureScreenshot())
	}
}

// liven adds what the demo lacks: a postback, a delivery of it, and a scan of an offer's links.
func (p *product) liven() {
	p.t.Helper()
	p.program()
	p.api(http.MethodPatch, "/v1/publishers/22?updateMask=postback_url", `{"postbackUrl": "https://partner.invalid/pb?code={coupon_code}"}`)
	p.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "SALEXYZ20", "publisher": "publishers/22"}`)
	token := p.api(http.MethodGet, "/v1/offers/10", "")["postbackToken"].(string)
	p.api(http.MethodGet, "/postback?coupon_code=SALEXYZ20&transaction_id=A-1001&amount=59.90&currency=USD&token="+token, "")
	p.api(http.MethodPost, "/v1/offers/10/scans", "{}")
	for start := time.Now(); time.Since(start) < patience; time.Sleep(50 * time.Millisecond) {
		if list, _ := p.api(http.MethodGet, "/v1/deliveries", "")["deliveries"].([]any); len(list) > 0 {
			return
		}
	}
	p.t.Fatal("the sale was not to be delivered to its publisher")
}

// on is the same tab for a part of the test.
func (b *tab) on(t testing.TB) *tab {
	part := *b
	part.t = t
	return &part
}

// visit looks at a page and returns where its links lead within the console.
func (b *tab) visit(kind, address string) []string {
	b.t.Helper()
	isMissing := strings.HasSuffix(address, "/nowhere")
	content := eval[string](b, `fetch(`+quote(address)+`, {method: 'HEAD'}).then((r) => r.headers.get('Content-Type') ?? '')`)
	if !strings.HasPrefix(content, "text/html") && !isMissing {
		b.t.Logf("not a page: %s", content)
		b.watch.takeFaults()
		return nil
	}
	var expected []string
	b.watch.takeFaults()
	if isMissing {
		expected = []string{"status of 404"}
	}
	b.open(address)
	b.look(kind)
	for _, fault := range b.watch.takeFaults(expected...) {
		b.t.Errorf("the browser complained: %s", fault)
	}
	links := eval[[]string](b, `[...document.querySelectorAll('a[href]:not([download])')].filter((a) => a.origin === location.origin && a.pathname.startsWith('/console/')).map((a) => a.pathname + a.search)`)
	return links
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// look checks what every page must have, and takes its pictures.
func (b *tab) look(kind string) {
	b.t.Helper()
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.TrimPrefix(kind, "/console"), "-"), "-")
	if name == "" {
		name = "overview"
	}
	b.checkHead()
	b.checkSpeed()
	for _, width := range []int64{wideWidth, narrowWidth} {
		height := int64(wideHeight)
		if width == narrowWidth {
			height = narrowHeight
		}
		b.size(width, height)
		for _, scheme := range []string{"light", "dark"} {
			b.theme(scheme)
			b.settle()
			b.screenshot(fmt.Sprintf("%s-%d-%s", name, width, scheme))
			for _, v := range b.violations() {
				b.t.Errorf("%s at %d px, %s: %s", kind, width, scheme, v)
			}
		}
		b.checkWidth(width)
	}
	b.size(wideWidth, wideHeight)
	b.theme("light")
}

func (b *tab) checkHead() {
	b.t.Helper()
	title := eval[string](b, `document.title`)
	headings := eval[[]string](b, `[...document.querySelectorAll('h1')].map((h) => h.innerText.trim())`)
	if !strings.HasSuffix(title, "Couponlink") || len(headings) != 1 || headings[0] == "" || !strings.Contains(title, headings[0]) {
		b.t.Errorf("the window's title is %q and the headings are %q: want one heading, and the title to say it and Couponlink", title, headings)
	}
	if icons := eval[int](b, `document.querySelectorAll('link[rel=icon]').length`); icons != 1 {
		b.t.Errorf("%d icons, want 1", icons)
	}
}

// checkSpeed judges how long the server took, and whether what was there moved while the page came up.
func (b *tab) checkSpeed() {
	b.t.Helper()
	const serverMillis = `(() => { const n = performance.getEntriesByType('navigation')[0]; return n.responseStart - n.requestStart })()`
	best := eval[float64](b, serverMillis)
	for range 3 {
		if best <= serverLimitMillis {
			break
		}
		b.reload()
		best = min(best, eval[float64](b, serverMillis))
	}
	moved := eval[struct {
		Sum  float64
		What []string
	}](b, `new Promise((done) => {
		const moved = {Sum: 0, What: []}
		const name = (n) => !n ? '?' : n.nodeType !== 1 ? name(n.parentElement) : n.tagName.toLowerCase() + (n.id ? '#' + n.id : '') + (n.className ? '.' + n.className : '')
		new PerformanceObserver((list) => list.getEntries().forEach((e) => {
			if (e.hadRecentInput) return
			moved.Sum += e.value
			e.sources.forEach((s) => moved.What.push(name(s.node) + ' from ' + s.previousRect.y + ' to ' + s.currentRect.y))
		})).observe({type: 'layout-shift', buffered: true})
		setTimeout(() => done(moved), 50)
	})`)
	b.t.Logf("%.0f ms, layout shift %.3f %s", best, moved.Sum, strings.Join(moved.What, "; "))
	if best > serverLimitMillis {
		b.t.Errorf("the server took %.0f ms, want at most %d", best, serverLimitMillis)
	}
	if moved.Sum > layoutShiftLimit {
		b.t.Errorf("what is on the page moved while it came up, by %.3f, want at most %.2f: %s", moved.Sum, layoutShiftLimit, strings.Join(moved.What, "; "))
	}
}

// documentWidth is how wide a page is with all that sticks out of it.
const documentWidth = `document.documentElement.scrollWidth`

// checkWidth fails for a page that scrolls sideways, and names what sticks out.
func (b *tab) checkWidth(width int64) {
	b.t.Helper()
	has := eval[int64](b, documentWidth)
	if has <= width {
		return
	}
	out := eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll('body *')].filter((e) => {
		if (e.getBoundingClientRect().right <= %d + 1) return false
		for (let up = e.parentElement; up; up = up.parentElement) if (getComputedStyle(up).overflowX !== 'visible') return false
		return true
	}).slice(0, 5).map((e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.className ? '.' + e.className : ''))`, width))
	b.t.Errorf("the page is %d px wide at %d px: %s sticks out", has, width, strings.Join(out, ", "))
}

// emptyInstallation looks at the menu's pages before there is anything: they say what to do next.
func (s *suite) emptyInstallation(t *testing.T) {
	p := startProduct(t, s.binary)
	b := s.newTab(t, p.site)
	b.logIn()
	b.open("/console/")
	links := eval[[]string](b, `[...new Set([...document.querySelectorAll('.sidebar nav a[href]')].map((a) => a.pathname))]`)
	if len(links) < 4 {
		t.Fatalf("the menu leads to %v only", links)
	}
	for _, address := range links {
		b.open(address)
		b.audit(address + ", empty")
		b.screenshot("empty-" + strings.Trim(strings.ReplaceAll(strings.TrimPrefix(address, "/console"), "/", "-"), "-"))
	}
}
