package ui

import (
	"net/url"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// maxTrail is how many pages back Previous knows. Further back it leads to the first page.
const maxTrail = 20

// maxSearchChars bounds what is searched for: names are no longer, and filters have a greatest length.
const maxSearchChars = 100

// List is the state of a list as its address has it: `?q=shoes&state=ACTIVE&sort=-create_time&page=…`.
// All of it is in the address, so that a reload, a link and the back button show the same.
type List struct {
	Path   string
	Values url.Values
	// Sorts are the fields that can be sorted by, the first by default.
	Sorts []string
}

// ListOf reads a list's state from a page's address.
func (p *Page) ListOf(sorts ...string) List {
	l := List{Path: p.Request.URL.EscapedPath(), Values: p.Request.URL.Query(), Sorts: sorts}
	// A search form sends its empty fields too; the address shall not show them.
	if p.IsHTMX() && strings.HasPrefix(p.Request.Header.Get("HX-Source"), "form") {
		p.Writer.Header().Set("HX-Replace-Url", l.Href(l.Copy()))
	}
	return l
}

// FilteredBy reads the filters of a list at path from a form that does something with all that match.
func (p *Page) FilteredBy(path string, names []string) List {
	l := List{Path: path, Values: url.Values{}}
	for _, name := range names {
		l.Values.Set(name, Trimmed(p.Request.PostForm, name))
	}
	return l
}

// Filters are the values of those filters that are set, for such a form.
func (l List) Filters(names []string) map[string]string {
	set := map[string]string{}
	for _, name := range names {
		if l.Get(name) != "" {
			set[name] = l.Get(name)
		}
	}
	return set
}

// Get returns a value of the state, such as `q`, without spaces around.
func (l List) Get(name string) string { return pasted.Trim(l.Values.Get(name)) }

// OrderBy is the API's order_by.
func (l List) OrderBy() string {
	name, isDown := l.sort()
	if isDown {
		return name + " desc"
	}
	return name
}

func (l List) sort() (name string, isDown bool) {
	name, isDown = strings.CutPrefix(l.Get("sort"), "-")
	if !slices.Contains(l.Sorts, name) {
		return strings.TrimPrefix(l.Sorts[0], "-"), strings.HasPrefix(l.Sorts[0], "-")
	}
	return name, isDown
}

// PageToken is the API's page_token.
func (l List) PageToken() string { return l.Get("page") }

// Column returns the heading of a column that can be sorted by.
func (l List) Column(label, field string) Column {
	name, isDown := l.sort()
	c := Column{Label: label, SortHref: l.With("sort", field)}
	if name == field {
		c.Sorted, c.SortHref = "ascending", l.With("sort", "-"+field)
		if isDown {
			c.Sorted, c.SortHref = "descending", l.With("sort", field)
		}
	}
	return c
}

// With returns the list's address with another value, from the first page on.
func (l List) With(name, value string) string {
	values := l.Copy()
	values.Del("page")
	values.Del("back")
	values.Set(name, value)
	return l.Href(values)
}

// Kept are the state's values that a search form passes on.
func (l List) Kept() map[string]string {
	kept := map[string]string{}
	if sort := l.Get("sort"); sort != "" {
		kept["sort"] = sort
	}
	return kept
}

// Pager leads to the pages beside this one. A link is "" if there is no such page.
type Pager struct{ First, Previous, Next string }

// Pager returns the ways on, given the API's next_page_token. Tokens lead forward only, so the way back
// is kept in the address.
func (l List) Pager(next string) Pager {
	var p Pager
	current := l.PageToken()
	trail := strings.FieldsFunc(l.Get("back"), func(c rune) bool { return c == '.' })
	if current != "" {
		p.First = l.page("", nil)
		p.Previous = p.First
		if len(trail) > 0 {
			p.Previous = l.page(trail[len(trail)-1], trail[:len(trail)-1])
		}
	}
	if next != "" {
		if current != "" {
			trail = append(slices.Clone(trail), current)
		}
		p.Next = l.page(next, trail[max(0, len(trail)-maxTrail):])
	}
	return p
}

func (l List) page(token string, trail []string) string {
	values := l.Copy()
	values.Set("page", token)
	values.Set("back", strings.Join(trail, "."))
	return l.Href(values)
}

func (l List) Copy() url.Values {
	values := url.Values{}
	for name, v := range l.Values {
		values[name] = slices.Clone(v)
	}
	return values
}

// Href leaves out what is empty.
func (l List) Href(values url.Values) string {
	for name := range values {
		if values.Get(name) == "" {
			values.Del(name)
		}
	}
	if len(values) == 0 {
		return l.Path
	}
	return l.Path + "?" + values.Encode()
}

// IsFiltered reports whether one of these filters is set.
func (l List) IsFiltered(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return l.Get(name) != "" })
}

// Quoted returns a value as a string of a filter.
func Quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `*`, `\*`).Replace(value) + `"`
}

// Search returns the filter for things whose name has all words that were typed, or whose id it is.
func Search(typed string) string {
	if typed = Searched(typed); typed == "" {
		return ""
	}
	found := HasWords("display_name", typed)
	if lower := strings.ToLower(typed); resource.IsID(lower) {
		return "(" + found + " OR name = " + Quoted(lower) + ")"
	}
	return found
}

// Searched returns what was typed as it is searched for.
func Searched(typed string) string {
	return format.Shortened(pasted.Trim(strings.ToValidUTF8(typed, "")), maxSearchChars)
}

// HasWords returns a filter for fields that contain all words of a text.
func HasWords(name, text string) string {
	var all []string
	for word := range strings.FieldsSeq(text) {
		all = append(all, name+":"+Quoted(word))
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

// And joins filters. Empty ones are left out.
func And(filters ...string) string {
	return strings.Join(slices.DeleteFunc(filters, func(f string) bool { return f == "" }), " AND ")
}

// Toolbar is the search and the filters above a table, shown by the template "toolbar".
type Toolbar struct {
	// Target is the table's id.
	Target string
	Action string
	// Search is the value and label of the search box.
	Search, SearchLabel string
	// Filters are selects.
	Filters []Field
	// Kept are values that stay as they are.
	Kept map[string]string
}
