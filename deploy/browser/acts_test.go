package browser

import (
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// act waits for an element and does something to it; while the page is still changing it tries again.
func (b *tab) act(w want, do func(*element) error) {
	b.t.Helper()
	b.settle()
	b.await(w.String(), func() (bool, string) {
		e := w.find(b.tree())
		if e == nil {
			return false, "not on " + b.address()
		}
		if e.isDisabled {
			return false, "it is disabled"
		}
		if err := do(e); err != nil {
			return false, err.Error()
		}
		return true, ""
	})
}

// press activates a link, button or checkbox and waits for the result.
func (b *tab) press(w want) {
	b.t.Helper()
	b.act(w, func(e *element) error { return b.hand.press(b, e) })
	b.settle()
}

// fill types into the field of a label, in place of what is there.
func (b *tab) fill(label, typed string) {
	b.t.Helper()
	b.act(field(label), func(e *element) error {
		if err := b.hand.enter(b, e); err != nil {
			return err
		}
		if e.role == "Date" {
			return b.key(typed)
		}
		return b.retype(typed)
	})
}

// retype types in place of what the focused field holds.
func (b *tab) retype(typed string) error {
	_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: "a", Code: "KeyA", Modifiers: int64(chromedp.ModifierCtrl), Commands: []string{"selectAll"},
	})
	if err != nil {
		return err
	}
	if typed == "" {
		return b.key(kb.Delete)
	}
	if _, isMouse := b.hand.(mouse); isMouse { // as pasted: key by key takes a frame of the screen each
		_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: typed})
		return err
	}
	return b.key(typed)
}

// date fills a date field: the browser's own takes the digits of month, day and year.
func (b *tab) date(label, year, month, day string) {
	b.t.Helper()
	b.fill(label, month+day+year)
}

// pick types into a picker and takes a choice from its list.
func (b *tab) pick(label, typed, choice string) {
	b.t.Helper()
	b.fill(label, typed)
	b.act(want{roles: []string{"option"}, text: choice}, func(e *element) error { return b.hand.take(b, e) })
	b.settle()
}

// choose chooses an option of a select by its label. The open list is the browser's and not part of the
// page, so this is done by keyboard for any hand: Space opens it, letters find the option, Enter takes it.
func (b *tab) choose(label, choice string) {
	b.t.Helper()
	b.act(field(label), func(e *element) error {
		if _, err := chromedp.Call(b.ctx, dom.Focus, dom.FocusParams{BackendNodeID: e.dom}); err != nil {
			return err
		}
		if err := b.key(" "); err != nil {
			return err
		}
		if err := b.key(choice); err != nil {
			return err
		}
		return b.key(kb.Enter)
	})
	b.settle()
	b.await(label+" to be "+choice, func() (bool, string) {
		e := field(label).find(b.tree())
		if e == nil {
			return false, "it is gone"
		}
		return e.value == choice, "it is " + e.value
	})
}
