package browser

import (
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxTabs is how many stops a page may have between two things that a person wants of it.
const maxTabs = 250

// hand is how a person reaches things: by pointing, or by going from one to the next. Both fail where a
// person would: a covered button, a link that the keyboard does not come to.
type hand interface {
	// press activates a link, button or checkbox.
	press(b *tab, e *element) error
	// enter brings the focus into a field.
	enter(b *tab, e *element) error
	// take chooses an option of a picker's open list.
	take(b *tab, e *element) error
}

// mouse points and clicks.
type mouse struct{}

func (mouse) press(b *tab, e *element) error { return mouse{}.click(b, e) }
func (mouse) take(b *tab, e *element) error  { return mouse{}.click(b, e) }

// enter clicks into a field; in a date into its first part.
func (mouse) enter(b *tab, e *element) error {
	if e.role == "Date" {
		for _, part := range e.all() {
			if part.role == "spinbutton" {
				return mouse{}.click(b, part)
			}
		}
	}
	return mouse{}.click(b, e)
}

// click clicks the middle of an element, if that is what lies on top there.
func (mouse) click(b *tab, e *element) error {
	x, y, err := b.middleOf(e)
	if err != nil {
		return err
	}
	if err := b.isOnTop(e, x, y); err != nil {
		return err
	}
	return chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y), chromedp.MouseClickXY(x, y))
}

func (b *tab) middleOf(e *element) (x, y float64, err error) {
	if _, err := chromedp.Call(b.ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: e.dom}); err != nil {
		return 0, 0, err
	}
	result, err := chromedp.Call(b.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: e.dom})
	if err != nil {
		return 0, 0, err
	}
	if len(result.Quads) == 0 {
		return 0, 0, fmt.Errorf("%s %q takes no room", e.role, e.name)
	}
	quad := result.Quads[0]
	return (quad[0] + quad[2] + quad[4] + quad[6]) / 4, (quad[1] + quad[3] + quad[5] + quad[7]) / 4, nil
}

func (b *tab) isOnTop(e *element, x, y float64) error {
	view, err := chromedp.Call(b.ctx, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return err
	}
	at, err := chromedp.Call(b.ctx, dom.GetNodeForLocation, dom.GetNodeForLocationParams{ // counts from the document's corner
		X: int64(x) + view.CSSLayoutViewport.PageX, Y: int64(y) + view.CSSLayoutViewport.PageY, IncludeUserAgentShadowDOM: new(true),
	})
	if err != nil {
		return err
	}
	described, err := chromedp.Call(b.ctx, dom.DescribeNode, dom.DescribeNodeParams{BackendNodeID: e.dom, Depth: new(int64(-1)), Pierce: new(true)})
	if err != nil {
		return err
	}
	if !contains(described.Node, at.BackendNodeID) {
		return fmt.Errorf("%s %q is covered at %.0f, %.0f", e.role, e.name, x, y)
	}
	return nil
}

func contains(node *cdp.Node, id cdp.BackendNodeID) bool {
	if node.BackendNodeID == id {
		return true
	}
	for _, below := range [][]*cdp.Node{node.Children, node.ShadowRoots, node.PseudoElements} {
		for _, child := range below {
			if contains(child, id) {
				return true
			}
		}
	}
	return false
}

// keyboard goes from one thing to the next with Tab.
type keyboard struct{}

func (keyboard) press(b *tab, e *element) error {
	if err := (keyboard{}).enter(b, e); err != nil {
		return err
	}
	if e.role == "checkbox" || e.role == "radio" {
		return b.key(" ")
	}
	return b.key(kb.Enter)
}

func (keyboard) enter(b *tab, e *element) error {
	for range maxTabs {
		focused, err := b.focused()
		if err != nil {
			return err
		}
		if focused == e.dom {
			return nil
		}
		if err := b.key(kb.Tab); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d times Tab does not reach %s %q", maxTabs, e.role, e.name)
}

// take walks the list with the arrow key: the focus stays in the picker's input.
func (keyboard) take(b *tab, e *element) error {
	for range maxTabs {
		if err := b.key(kb.ArrowDown); err != nil {
			return err
		}
		current, err := b.nodeOf(`document.getElementById(document.activeElement.getAttribute('aria-activedescendant')) ?? document.body`)
		if err != nil {
			return err
		}
		if current == e.dom {
			return b.key(kb.Enter)
		}
	}
	return fmt.Errorf("the arrow key does not reach %s %q", e.role, e.name)
}

func (b *tab) key(key string) error {
	return chromedp.Do(b.ctx, chromedp.KeyEvent(key))
}

// focused returns the element that has the focus.
func (b *tab) focused() (cdp.BackendNodeID, error) { return b.nodeOf(`document.activeElement`) }

func (b *tab) nodeOf(expression string) (cdp.BackendNodeID, error) {
	object, err := chromedp.Run(b.ctx, chromedp.Evaluate[*runtime.RemoteObject](expression))
	if err != nil {
		return 0, err
	}
	described, err := chromedp.Call(b.ctx, dom.DescribeNode, dom.DescribeNodeParams{ObjectID: object.ObjectID})
	if err != nil {
		return 0, err
	}
	return described.Node.BackendNodeID, nil
}
