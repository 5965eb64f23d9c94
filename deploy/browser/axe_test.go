package browser

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeSource is axe-core, which knows the rules of accessible pages.
//
//go:embed testdata/axe/axe.min.js
var axeSource string

// violation is a rule that a page breaks, with the elements that do.
type violation struct {
	ID, Help string
	Nodes    []struct {
		Target         []any
		FailureSummary string
	}
}

// String describes the violation for the person who fixes it.
func (v violation) String() string {
	var places []string
	for _, node := range v.Nodes {
		places = append(places, fmt.Sprintf("%v: %s", node.Target, strings.Join(strings.Fields(node.FailureSummary), " ")))
	}
	return v.ID + " (" + v.Help + "): " + strings.Join(places, "; ")
}

// violations returns the rules of accessible pages that the page breaks as it is now.
func (b *tab) violations() []violation {
	b.t.Helper()
	if !eval[bool](b, `typeof axe !== 'undefined'`) {
		b.must("loading axe", chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](axeSource+";0")))
	}
	return eval[[]violation](b, `axe.run(document, {resultTypes: ['violations']}).then((r) =>
		r.violations.map((v) => ({ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({Target: n.target, FailureSummary: n.failureSummary}))})))`)
}

// audit fails the test for each rule that the page breaks now, in both themes. Where scripts may not run
// it does nothing: axe is one, and the same pages are audited with scripts.
func (b *tab) audit(what string) {
	b.t.Helper()
	if b.isScriptless {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		b.theme(scheme)
		for _, v := range b.violations() {
			b.t.Errorf("%s, %s: %s", what, scheme, v)
		}
	}
	b.theme("light")
}
