package browser

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// quietTime is how long nothing must happen until a tab counts as settled.
const quietTime = 60 * time.Millisecond

// cspBinding is the function that reports a page's violations of its policy to the test.
const cspBinding = "reportCSPViolation"

// cspScript runs in each document before its own scripts.
const cspScript = `addEventListener('securitypolicyviolation', (e) =>
	` + cspBinding + `(e.effectiveDirective + ' refused ' + (e.blockedURI || 'inline') + ' ' + e.sample + ' at ' + e.sourceFile + ':' + e.lineNumber))`

// watch notes what goes on in a tab: what is wrong, and what is still on its way.
type watch struct {
	mu        sync.Mutex
	flying    map[network.RequestID]string
	posts     []string
	faults    []string
	isLoading bool
	last      time.Time
}

// see takes an event of the tab. It runs in the loop that reads the browser's messages.
func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.flying[e.RequestID] = e.Request.URL
		if e.Request.Method == "POST" && e.RedirectResponse == nil {
			w.posts = append(w.posts, e.Request.URL)
		}
	case *network.EventLoadingFinished:
		delete(w.flying, e.RequestID)
	case *network.EventLoadingFailed:
		delete(w.flying, e.RequestID)
	case *page.EventFrameStartedNavigating:
		w.isLoading = true
	case *page.EventFrameStartedLoading:
		w.isLoading = true
	case *page.EventFrameStoppedLoading:
		// A document's requests may be dropped without a word when the next one takes over.
		w.isLoading, w.flying = false, map[network.RequestID]string{}
	default:
		w.noteFault(event)
		return
	}
	w.last = time.Now()
}

func (w *watch) noteFault(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.faults = append(w.faults, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.faults = append(w.faults, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			w.faults = append(w.faults, "console."+string(e.Type)+": "+consoleText(e.Args))
		}
	case *runtime.EventBindingCalled:
		if e.Name == cspBinding {
			w.faults = append(w.faults, "content security policy: "+e.Payload)
		}
	}
}

func consoleText(args []*runtime.RemoteObject) string {
	var parts []string
	for _, arg := range args {
		parts = append(parts, strings.TrimSpace(string(arg.Value)+" "+arg.Description))
	}
	return strings.Join(parts, " ")
}

// isQuiet says whether nothing is loading and nothing has happened for a moment.
func (w *watch) isQuiet() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.isLoading && len(w.flying) == 0 && time.Since(w.last) > quietTime
}

// pending says what is still on its way.
func (w *watch) pending() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var addresses []string
	for _, address := range w.flying {
		addresses = append(addresses, address)
	}
	return fmt.Sprintf("loading: %t, requests: %s", w.isLoading, strings.Join(addresses, ", "))
}

// takeFaults returns what was wrong since it was last asked, without what contains one of the texts.
func (w *watch) takeFaults(expected ...string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	faults := slices.DeleteFunc(w.faults, func(fault string) bool {
		return slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(fault, text) })
	})
	w.faults = nil
	return faults
}

// postsTo returns how many POST requests went to addresses that contain a text.
func (w *watch) postsTo(part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, address := range w.posts {
		if strings.Contains(address, part) {
			n++
		}
	}
	return n
}
