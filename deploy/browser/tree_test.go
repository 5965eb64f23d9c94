package browser

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// element is what assistive technology meets on a page: a role and a name.
type element struct {
	role, name, value string
	dom               cdp.BackendNodeID
	isDisabled        bool
	below             []*element
}

// text is all that can be read in the element.
func (e *element) text() string {
	if e.role == "StaticText" {
		return e.name
	}
	var parts []string
	for _, child := range e.below {
		parts = append(parts, child.text())
	}
	return strings.Join(parts, " ")
}

// all returns the element and everything in it, in reading order.
func (e *element) all() []*element {
	list := []*element{e}
	for _, child := range e.below {
		list = append(list, child.all()...)
	}
	return list
}

// String shows the element and what is in it, a line each.
func (e *element) String() string { return strings.Join(e.lines(0), "\n") }

func (e *element) lines(depth int) []string {
	var lines []string
	if e.role != "none" && e.role != "generic" {
		lines = append(lines, strings.Repeat(" ", depth)+e.role+" "+e.name+ifAny(" = ", e.value))
		depth++
	}
	if e.role == "StaticText" {
		return lines
	}
	for _, child := range e.below {
		lines = append(lines, child.lines(depth)...)
	}
	return lines
}

func ifAny(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// tree returns the page as assistive technology meets it: what is hidden is not in it.
func (b *tab) tree() *element {
	result, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil || len(result.Nodes) == 0 {
		return &element{role: "nothing"} // between two documents
	}
	elements := map[accessibility.NodeID]*element{}
	for _, node := range result.Nodes {
		elements[node.NodeID] = elementOf(node)
	}
	for _, node := range result.Nodes {
		for _, id := range node.ChildIDs {
			if child := elements[id]; child != nil {
				elements[node.NodeID].below = append(elements[node.NodeID].below, child)
			}
		}
	}
	return elements[result.Nodes[0].NodeID]
}

func elementOf(node *accessibility.Node) *element {
	e := &element{role: "none", dom: node.BackendDOMNodeID}
	if node.Ignored {
		return e
	}
	e.role, e.name, e.value = textOf(node.Role), strings.TrimSpace(textOf(node.Name)), textOf(node.Value)
	for _, property := range node.Properties {
		if property.Name == "disabled" {
			e.isDisabled = textOf(property.Value) == "true"
		}
	}
	return e
}

func textOf(value *accessibility.Value) string {
	if value == nil {
		return ""
	}
	var text string
	if json.Unmarshal([]byte(value.Value), &text) == nil {
		return text
	}
	return string(value.Value)
}

// want says which element is meant: one of the roles, by its name, or by a text in it.
type want struct {
	roles  []string
	name   string
	text   string
	within *want
}

func link(name string) want { return want{roles: []string{"link"}, name: name} }
func button(name string) want {
	return want{roles: []string{"button", "link", "DisclosureTriangle"}, name: name}
}
func heading(name string) want { return want{roles: []string{"heading"}, name: name} }
func row(text string) want     { return want{roles: []string{"row"}, text: text} }
func text(text string) want    { return want{roles: []string{"StaticText"}, text: text} }

// field is what can be filled in or chosen, by its label.
func field(label string) want {
	return want{roles: []string{"textbox", "searchbox", "combobox", "spinbutton", "Date", "checkbox", "radio", "listbox"}, name: label}
}

// in narrows the search to another element.
func (w want) in(outer want) want {
	w.within = &outer
	return w
}

// String says what is meant, for failures.
func (w want) String() string {
	s := strings.Join(w.roles, " or ") + ifAny(" ", w.name) + ifAny(" with ", w.text)
	if w.within != nil {
		s += " in " + w.within.String()
	}
	return s
}

// isMet says whether an element is meant. A label may end in "optional"; a name wanted that ends in … is
// the beginning of one.
func (w want) isMet(e *element) bool {
	if !slices.Contains(w.roles, e.role) {
		return false
	}
	name := strings.TrimSuffix(e.name, " optional")
	begin, isBegin := strings.CutSuffix(w.name, "…")
	isNamed := w.name == "" || name == w.name || isBegin && strings.HasPrefix(name, begin)
	return isNamed && (w.text == "" || strings.Contains(e.text(), w.text))
}

// find returns the first element that is meant, or nil.
func (w want) find(root *element) *element {
	if w.within != nil {
		if root = w.within.find(root); root == nil {
			return nil
		}
	}
	for _, e := range root.all() {
		if w.isMet(e) {
			return e
		}
	}
	return nil
}

// see waits until an element is there and returns it.
func (b *tab) see(w want) *element {
	b.t.Helper()
	var found *element
	b.await(w.String(), func() (bool, string) {
		found = w.find(b.tree())
		return found != nil, "not on " + b.address()
	})
	return found
}

// missing waits until an element is not there any more.
func (b *tab) missing(w want) {
	b.t.Helper()
	b.await("no "+w.String(), func() (bool, string) { return w.find(b.tree()) == nil, "still on " + b.address() })
}

// has says whether an element is there now.
func (b *tab) has(w want) bool { return w.find(b.tree()) != nil }
