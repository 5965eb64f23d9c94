package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	// patience is how long a page may take to show what a test waits for.
	patience = 30 * time.Second
	// tabLimit is how long a test may have its tab.
	tabLimit = 5 * time.Minute
	// screenshotDir keeps what the pages looked like; git ignores it.
	screenshotDir = "screenshots"

	wideWidth, wideHeight     = 1440, 900
	narrowWidth, narrowHeight = 390, 844
)

// tab is a tab of the browser, with a product and a hand that acts on its pages.
type tab struct {
	t     testing.TB
	ctx   context.Context
	site  string
	watch *watch
	hand  hand
	// isScriptless says that pages may not run scripts.
	isScriptless bool
	// expected are texts of faults that the test brings about itself, such as a refused form.
	expected []string
	// questions counts how often the browser asked whether to leave the page; stays says to answer no.
	questions *atomic.Int64
	stays     *atomic.Bool
}

// newTab opens a tab with cookies of its own. When the test ends the tab closes, and the test fails if a
// page had a console error, an exception or a violation of its policy.
func (s *suite) newTab(t testing.TB, site string) *tab {
	t.Helper()
	return openTab(t, s.browser, site, chromedp.WithNewBrowserContext())
}

// sibling opens a further tab with the same cookies.
func (b *tab) sibling() *tab {
	b.t.Helper()
	other := openTab(b.t, b.ctx, b.site)
	other.hand = b.hand
	return other
}

func openTab(t testing.TB, parent context.Context, site string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	limited, stop := context.WithTimeout(parent, tabLimit)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(limited, options...)
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx, site: site, watch: &watch{flying: map[network.RequestID]string{}}, hand: mouse{}, questions: &atomic.Int64{}, stays: &atomic.Bool{}}
	b.must("opening a tab", chromedp.Listen(ctx, b.watch.see))
	b.answerQuestions()
	call(b, network.Enable, network.EnableParams{})
	call(b, accessibility.Enable, cdp.Empty{})
	call(b, runtime.AddBinding, runtime.AddBindingParams{Name: cspBinding})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: cspScript})
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.size(wideWidth, wideHeight)
	b.theme("light")
	t.Cleanup(b.finish)
	return b
}

// finish runs before the tab closes.
func (b *tab) finish() {
	if b.t.Failed() {
		name := "failed-" + strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name())
		b.t.Logf("the page was %s, see %s.png:\n%s", b.address(), name, b.tree())
		b.screenshot(name)
	}
	for _, fault := range b.watch.takeFaults(b.expected...) {
		b.t.Errorf("the browser complained: %s", fault)
	}
}

// call sends a command to the tab; the test ends if it fails.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	b.must(command.Method, err)
	return result
}

// eval evaluates an expression in the page and returns its value; promises are awaited.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	b.must("evaluating in the page", err)
	return value
}

func (b *tab) must(doing string, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v", doing, err)
	}
}

// open loads a path of the site.
func (b *tab) open(path string) {
	b.t.Helper()
	result := call(b, page.Navigate, page.NavigateParams{URL: b.site + path})
	if result.ErrorText != "" {
		b.t.Fatalf("opening %s: %s", path, result.ErrorText)
	}
	b.settle()
}

// address returns the path and query of the page.
func (b *tab) address() string {
	result, err := chromedp.Call(b.ctx, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(result.Entries[result.CurrentIndex].URL, b.site)
}

// reaches waits until the address has a part: a page that was asked for may take a while.
func (b *tab) reaches(part string) {
	b.t.Helper()
	b.await("an address with "+part, func() (bool, string) { return strings.Contains(b.address(), part), "on " + b.address() })
}

// back goes one step back, as the browser's button does.
func (b *tab) back() {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	if history.CurrentIndex == 0 {
		b.t.Fatal("there is no page to go back to")
	}
	call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	b.settle()
}

// reload loads the page again.
func (b *tab) reload() {
	b.t.Helper()
	b.must("reloading", chromedp.Do(b.ctx, chromedp.Reload()))
	b.settle()
}

// settle waits until the page has loaded and nothing is on its way.
func (b *tab) settle() {
	b.t.Helper()
	// What was just done may not have begun anything yet. An answer from the page comes after what its handlers began,
	// which on a busy machine may take longer than any pause. A page that is being left need not answer.
	_, _ = chromedp.Run(b.ctx, chromedp.Evaluate[bool](`true`))
	time.Sleep(quietTime / 2)
	b.await("the page to settle", func() (bool, string) { return b.watch.isQuiet(), b.watch.pending() })
}

// await polls until done, and ends the test if that takes too long; why is what it last said.
func (b *tab) await(what string, done func() (bool, string)) {
	b.t.Helper()
	why := ""
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		var isDone bool
		if isDone, why = done(); isDone {
			return
		}
	}
	b.t.Fatalf("waited in vain for %s: %s", what, why)
}

// size sets the window's size in CSS pixels; narrow ones are a phone's.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 700,
	})
}

// theme sets what the system prefers, light or dark; nothing moves, so that what is seen is the end.
func (b *tab) theme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// screenshot keeps a picture of the whole page.
func (b *tab) screenshot(name string) { b.keep(name, chromedp.FullScreenshot(100)) }

func (b *tab) keep(name string, take chromedp.Action[[]byte]) {
	picture, err := chromedp.Run(b.ctx, take)
	if err == nil {
		err = os.MkdirAll(screenshotDir, 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(screenshotDir, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Errorf("picture %s: %v", name, err)
	}
}

// logIn opens the console and logs in.
func (b *tab) logIn() {
	b.t.Helper()
	b.open("/console/")
	b.fill("Admin key", adminKey)
	b.press(button("Log in"))
	b.see(link("Offers"))
}
