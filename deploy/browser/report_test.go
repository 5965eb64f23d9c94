package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const reportPath = "/console/reports/conversions"

// report is the Conversion Report with the demo's sales: its parts share one product and one tab.
func (s *suite) report(t *testing.T) {
	p := startDemo(t, s.binary)
	b := s.newTab(t, p.site)
	b.logIn()
	for _, part := range []struct {
		name string
		play func(*tab)
	}{
		{"columns", (*tab).reportColumns},
		{"columns by finger", (*tab).columnsByFinger},
		{"a column of the filter is found by typing", (*tab).filterByKeys},
		{"filter", (*tab).reportFilter},
		{"days, groups and chart", (*tab).reportGroups},
		{"saved reports", (*tab).savedReports},
		{"download", (*tab).reportDownload},
		{"download of groups", (*tab).groupsDownload},
		{"on paper", (*tab).reportOnPaper},
	} {
		t.Run(part.name, func(t *testing.T) { part.play(b.on(t)) })
	}
}

// reportColumns adds Pub. Unique 3, and moves columns by mouse and by keys: the table follows, and its
// address keeps it.
func (b *tab) reportColumns() {
	b.t.Helper()
	b.open(reportPath)
	before := b.headings()
	b.press(button("Columns"))
	b.press(field("Pub. Unique 3"))
	b.drag("Pub. Unique 3", "Offer")
	b.screenshot("report-columns")
	b.audit("the column picker")
	b.pressAlt("Payout", kb.ArrowUp)
	b.pressAlt("Status", kb.ArrowDown)
	b.press(button("Move Transaction id up"))
	b.press(button("Show these columns"))
	b.see(columnHeader("Pub. Unique 3"))
	want := []string{
		"Conversion time", "Pub. Unique 3", "Offer", "Publisher", "Transaction id", "Coupon code", "Payout", "Amount", "Method", "Status",
	}
	if slices.Equal(before, want) {
		b.t.Fatal("the columns were so before anybody moved them")
	}
	b.hasHeadings("after moving columns", want)
	b.reload()
	b.hasHeadings("after a reload", want)
	b.press(link("Publishers"))
	b.see(heading("Publishers"))
	b.back()
	b.hasHeadings("after going back", want)
	other := b.sibling()
	other.open(b.address())
	other.hasHeadings("in a new tab, by its address", want)
}

// headings are the labels of the table's columns.
func (b *tab) headings() []string {
	b.t.Helper()
	var names []string
	for _, e := range b.see(want{roles: []string{"table"}}).all() {
		if e.role == "columnheader" {
			names = append(names, e.name)
		}
	}
	return names
}

func (b *tab) hasHeadings(when string, want []string) {
	b.t.Helper()
	if got := b.headings(); !slices.Equal(got, want) {
		b.t.Errorf("%s the columns are\n%q, want\n%q", when, got, want)
	}
}

// drag takes a line of the column picker by the mouse and lets it go on the upper half of another one.
func (b *tab) drag(column, before string) {
	b.t.Helper()
	b.settle()
	fromX, fromY, err := b.middleOf(b.see(field(column)))
	b.must("finding "+column, err)
	_, toY, err := b.middleOf(b.see(field(before)))
	b.must("finding "+before, err)
	const besideX, steps = 40, 6 // on the label, whose box must not be unchecked by it
	fromX += besideX
	mouse := func(kind input.DispatchMouseEventType, x, y float64) {
		b.t.Helper()
		b.must("dragging "+column, chromedp.Do(b.ctx, chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))))
	}
	mouse(input.DispatchMouseEventTypeMouseMoved, fromX, fromY)
	mouse(input.DispatchMouseEventTypeMousePressed, fromX, fromY)
	for i := 1.0; i <= steps; i++ {
		mouse(input.DispatchMouseEventTypeMouseMoved, fromX, fromY+(toY-6-fromY)*i/steps)
	}
	mouse(input.DispatchMouseEventTypeMouseReleased, fromX, toY-6)
	b.settle()
}

// columnsByFinger drags a column by its grip on a phone.
func (b *tab) columnsByFinger() {
	b.t.Helper()
	b.size(narrowWidth, narrowHeight)
	b.open(reportPath)
	b.press(button("Columns"))
	x, fromY, err := b.middleOf(b.see(field("Payout")))
	b.must("finding Payout", err)
	_, toY, err := b.middleOf(b.see(field("Offer")))
	b.must("finding Offer", err)
	const grip, steps = 23, 4 // before the box
	touch := func(kind input.DispatchTouchEventType, at ...*input.TouchPoint) {
		b.t.Helper()
		call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: at})
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x - grip, Y: fromY})
	for i := 1.0; i <= steps; i++ {
		touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x - grip, Y: fromY + (toY-6-fromY)*i/steps})
	}
	touch(input.DispatchTouchEventTypeTouchEnd)
	b.press(button("Show these columns"))
	b.reaches("columns=conversion_time%2Cpayout%2Coffer")
	b.size(wideWidth, wideHeight)
}

// pressAlt presses Alt and a key on a column of the picker.
func (b *tab) pressAlt(column, key string) {
	b.t.Helper()
	b.act(field(column), func(e *element) error {
		if err := (keyboard{}).enter(b, e); err != nil {
			return err
		}
		return chromedp.Do(b.ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierAlt)))
	})
}

// filterByKeys types a column's name into its select, which stays while the rest of its row follows.
func (b *tab) filterByKeys() {
	b.t.Helper()
	b.open(reportPath)
	b.must("going to Column", keyboard{}.enter(b, b.see(field("Column"))))
	b.must("typing", b.key("pub. unique 3"))
	b.hasValue("Column", "Pub. Unique 3")
	b.must("pressing Tab", b.key(kb.Tab))
	b.hasFocus("Operator")
	b.must("typing", b.key("begins"))
	b.hasValue("Operator", "begins with")
	b.must("pressing Tab", b.key(kb.Tab))
	b.hasFocus("Value")
	b.must("typing", b.key("SALE"))
	b.must("going back", b.keyBack())
	b.hasFocus("Operator")
	b.must("typing", b.key("is empty"))
	b.hasValue("Operator", "is empty")
	b.missing(field("Value"))
	b.hasFocus("Operator")
	b.must("going back", b.keyBack())
	b.must("typing", b.key("status"))
	b.hasValue("Column", "Status")
	b.see(field("Value")) // the row of another column comes from the server
	b.must("pressing Tab twice", b.key(kb.Tab+kb.Tab))
	b.hasFocus("Value")
	b.must("typing", b.key("app"))
	b.hasValue("Value", "Approved")
	b.press(button("Apply filter"))
	b.see(link("Clear filter"))
	b.hasValue("Column", "Status")
}

func (b *tab) keyBack() error {
	return chromedp.Do(b.ctx, chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
}

// hasFocus waits until the focus is on a field.
func (b *tab) hasFocus(label string) {
	b.t.Helper()
	b.settle()
	b.await("the focus to be on "+label, func() (bool, string) {
		e := field(label).find(b.tree())
		focused, err := b.focused()
		if e == nil || err != nil {
			return false, fmt.Sprint("there is no such field, ", err)
		}
		if e.dom == focused {
			return true, ""
		}
		return false, "it is on " + b.nameOf(focused)
	})
}

// nameOf says what an element is, for failures.
func (b *tab) nameOf(dom cdp.BackendNodeID) string {
	for _, e := range b.tree().all() {
		if e.dom == dom {
			return e.role + " " + e.name
		}
	}
	return "nothing that has a name"
}

// hasValue waits until a field has a value.
func (b *tab) hasValue(label, value string) {
	b.t.Helper()
	b.await(label+" to be "+value, func() (bool, string) {
		e := field(label).find(b.tree())
		if e == nil {
			return false, "there is no such field"
		}
		return strings.EqualFold(e.value, value), "it is " + e.value
	})
}
