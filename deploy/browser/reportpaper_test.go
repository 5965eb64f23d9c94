package browser

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// reportDownload takes the report as CSV: its button says how far it is, and the file has
// the page's columns and rows.
func (b *tab) reportDownload() {
	b.t.Helper()
	dir := b.t.TempDir()
	b.allowDownloads(dir)
	columns := []string{"transaction_id", "pub_unique3", "amount", "status", "conversion_time"}
	b.open(reportPath + "?" + url.Values{
		"columns": {strings.Join(columns, ",")}, "filter": {"method = COUPON_CODE AND status = APPROVED"}, "range": {"last_7_days"}, "sort": {"pub_unique3"},
	}.Encode())
	b.hasHeadings("before the download", []string{"Transaction id", "Pub. Unique 3", "Amount", "Status", "Conversion time"})
	rows := b.bodyRows()
	eval[bool](b, `(() => {
		const button = [...document.querySelectorAll('a')].find((a) => a.textContent === 'Download CSV')
		window.told = []
		new MutationObserver(() => window.told.push(button.textContent)).observe(button, {childList: true, characterData: true, subtree: true})
		return true
	})()`)
	b.press(button("Download CSV"))
	b.see(text("Downloaded."))
	b.see(button("Download CSV"))
	if told := eval[[]string](b, `window.told`); !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, "Downloading, ") && strings.HasSuffix(s, "B") }) {
		b.t.Errorf("while the report was downloaded its button said %q", told)
	}
	file := b.downloaded(filepath.Join(dir, "conversions.csv"))
	if !slices.Equal(file[0], columns) {
		b.t.Errorf("the file has the columns %q, want %q", file[0], columns)
	}
	if len(rows) < 2 || len(file)-1 != len(rows) {
		b.t.Fatalf("the file has %d rows, the page %d", len(file)-1, len(rows))
	}
	for i, row := range rows {
		if got := file[i+1]; got[0] != row[0] || got[1] != row[1] || !strings.EqualFold(got[3], row[3]) {
			b.t.Errorf("row %d of the file is %q, the page has %q", i+1, got, row)
		}
	}
}

// groupsDownload takes the report's groups as CSV: all of them, in the order of the page.
func (b *tab) groupsDownload() {
	b.t.Helper()
	dir := b.t.TempDir()
	b.allowDownloads(dir)
	b.open(reportPath + "?group=coupon_code,publisher&by=coupon_code&range=last_30_days")
	rows := b.bodyRows()
	b.press(button("Download CSV"))
	b.see(text("Downloaded."))
	file := b.downloaded(filepath.Join(dir, "conversions-by-coupon_code-publisher.csv"))
	if len(rows) < 2 || len(file)-1 != len(rows) {
		b.t.Fatalf("the file has %d rows, the page %d", len(file)-1, len(rows))
	}
	for i, row := range rows {
		if got := file[i+1]; got[0] != strings.TrimPrefix(row[0], "No code") || got[2] != strings.TrimPrefix(row[1], "Nobody") {
			b.t.Errorf("row %d of the file is %q, the page has %q", i+1, got, row)
		}
	}
}

// allowDownloads has the browser put downloads into a directory.
func (b *tab) allowDownloads(dir string) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	b.must("allowing downloads", err)
}

// downloaded waits for a file and reads it.
func (b *tab) downloaded(path string) [][]string {
	b.t.Helper()
	b.await("the file", func() (bool, string) {
		_, err := os.Stat(path)
		return err == nil, path
	})
	content, err := os.ReadFile(path)
	b.must("opening the file", err)
	content, hasMark := bytes.CutPrefix(content, []byte("\uFEFF"))
	if !hasMark {
		b.t.Error("the file has no byte order mark: spreadsheets would read its letters wrongly")
	}
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	b.must("reading the file", err)
	if len(rows) == 0 {
		b.t.Fatal("the file is empty")
	}
	return rows
}

// reportOnPaper prints the report from a dark screen, as the system or the reader has chosen it: black on
// white, all columns, and nothing to press.
func (b *tab) reportOnPaper() {
	b.t.Helper()
	columns := "conversion_time,pub_unique3,offer,publisher,coupon_code,transaction_id,amount,payout,revenue,status,outcome,method"
	b.theme("dark")
	b.open(reportPath + "?range=last_7_days&columns=" + columns)
	b.see(text("Conversions").in(region("Totals of all that match")))
	shown := b.headings()
	b.print("report-on-paper")
	b.hasHeadings("on paper", shown)
	b.see(heading("Conversion Report"))
	b.see(text("Amount").in(region("Totals of all that match")))
	b.onScreen()

	b.theme("light")
	b.press(button("Dark theme"))
	b.print("report-on-paper-from-dark")
	b.onScreen()
	b.open(reportPath + "?group=publisher")
	b.see(want{roles: []string{"image", "img"}, name: "Clicks and conversions by…"})
	b.print("report-groups-on-paper")
	const line = "19,105,63" // as light pages draw conversions
	if !eval[bool](b, `(() => {
		const canvas = document.querySelector('[role=img] canvas')
		const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
		for (let i = 0; i < all.length; i += 4) if (all.slice(i, i + 3).join() === '`+line+`') return true
		return false
	})()`) {
		b.t.Error("on paper the chart is drawn in the colors of the dark screen")
	}
	b.onScreen()
	b.press(button("System theme"))
}

// print looks at the page as its print style has it, on a sheet that lies on its side, and keeps it as a
// picture and as a file for a printer.
func (b *tab) print(name string) {
	b.t.Helper()
	const width, height = 1047, 740 // A4 less its margins, in CSS pixels
	b.size(width, height)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: "dark"}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.keep(name, chromedp.FullScreenshot(100))
	for _, e := range b.tree().all() {
		if slices.Contains([]string{"button", "textbox", "combobox", "navigation", "DisclosureTriangle", "search", "checkbox"}, e.role) {
			b.t.Errorf("on paper there is %s %q", e.role, e.name)
		}
	}
	b.checkWidth(width)
	for _, fault := range eval[[]string](b, notBlackOnWhite) {
		b.t.Errorf("on paper %s", fault)
	}
	paper := call(b, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
	b.must("keeping the file", os.WriteFile(filepath.Join(screenshotDir, name+".pdf"), paper.Data, 0o600))
}

// onScreen ends print.
func (b *tab) onScreen() {
	b.t.Helper()
	b.size(wideWidth, wideHeight)
	b.theme("light")
}

// notBlackOnWhite names what is printed in a light color, on a dark ground, or cut off at the side.
const notBlackOnWhite = `(() => {
	const found = new Set()
	const light = (color) => {
		const [r, g, b, a] = color.match(/[\d.]+/g).map(Number)
		return a === 0 ? null : (0.2126 * r + 0.7152 * g + 0.0722 * b) / (color.startsWith('color') ? 1 : 255)
	}
	for (const e of document.querySelectorAll('body, body *')) {
		const box = e.getBoundingClientRect()
		if (!box.width || !box.height) continue
		const style = getComputedStyle(e)
		const name = e.tagName.toLowerCase() + (e.className ? '.' + e.className : '')
		if ([...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && light(style.color) > 0.5) found.add(name + ' is written in ' + style.color)
		const ground = light(style.backgroundColor)
		if (ground !== null && ground < 0.7) found.add(name + ' has the ground ' + style.backgroundColor)
		if (e.scrollWidth > e.clientWidth + 1 && style.overflowX !== 'visible' && box.width > 2) found.add(name + ' cuts off what is wider')
	}
	return [...found]
})()`
