package browser

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// badPage breaks what the checks of every page look for.
const badPage = `<!doctype html><html lang="en"><title>Bad</title>
<main><h1>Bad</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="900">
<button id="below">Covered</button><div id="above"></div></main>
<link rel="stylesheet" href="bad.css"><script src="bad.js"></script><script>document.title = 'inline'</script></html>`

// checksFindFaults proves that a page with faults would not pass.
func (s *suite) checksFindFaults(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:")
		answers := map[string][2]string{
			"/bad.js":  {"text/javascript", "console.error('said so'); throw new Error('broken')"},
			"/bad.css": {"text/css", "#above { position: fixed; inset: 0 }"},
		}
		answer, isFile := answers[r.URL.Path]
		if !isFile {
			answer = [2]string{"text/html; charset=utf-8", badPage}
		}
		w.Header().Set("Content-Type", answer[0])
		_, _ = w.Write([]byte(answer[1])) // the browser may be gone
	}))
	t.Cleanup(site.Close)
	b := s.newTab(t, site.URL)
	b.size(narrowWidth, narrowHeight)
	b.open("/")
	faults := b.watch.takeFaults()
	for _, want := range []string{"content security policy: script-src", "exception: Uncaught Error: broken", "console.error", "said so"} {
		if !strings.Contains(strings.Join(faults, "\n"), want) {
			t.Errorf("%q is not among the faults %q", want, faults)
		}
	}
	if !slices.ContainsFunc(b.violations(), func(v violation) bool { return v.ID == "image-alt" }) {
		t.Error("axe does not miss the picture's text")
	}
	if width := eval[int64](b, documentWidth); width <= narrowWidth {
		t.Errorf("the page is %d px wide, want the picture's 900", width)
	}
	if err := (mouse{}).press(b, b.see(button("Covered"))); err == nil || !strings.Contains(err.Error(), "covered") {
		t.Errorf("the mouse pressed a covered button: %v", err)
	}
}
