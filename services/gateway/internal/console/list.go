package console

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// maxTrail is how many pages back Previous knows. Further back it leads to the first page.
const maxTrail = 20

// maxSearchChars bounds what is searched for: names are no longer, and filters have a greatest length.
const maxSearchChars = 100

// list is the state of a list as its address has it: `?q=shoes&state=ACTIVE&sort=-create_time&page=…`.
// All of it is in the address, so that a reload, a link and the back button show the same.
type list struct {
	path   string
	values url.Values
	// sorts are the fields that can be sorted by, the first by default.
	sorts []string
}

// listOf reads a list's state from a page's address.
func (p *page) listOf(sorts ...string) list {
	l := list{path: p.r.URL.EscapedPath(), values: p.r.URL.Query(), sorts: sorts}
	// A search form sends its empty fields too; the address shall not show them.
	if p.isHTMX() && strings.HasPrefix(p.r.Header.Get("HX-Source"), "form") {
		p.w.Header().Set("HX-Replace-Url", l.href(l.copy()))
	}
	return l
}

// filteredBy reads the filters of a list at path from a form that does something with all that match.
func (p *page) filteredBy(path string, names []string) list {
	l := list{path: path, values: url.Values{}}
	for _, name := range names {
		l.values.Set(name, trimmed(p.r.PostForm, name))
	}
	return l
}

// filters are the values of those filters that are set, for such a form.
func (l list) filters(names []string) map[string]string {
	set := map[string]string{}
	for _, name := range names {
		if l.Get(name) != "" {
			set[name] = l.Get(name)
		}
	}
	return set
}

// Get returns a value of the state, such as `q`, without spaces around.
func (l list) Get(name string) string { return pasted.Trim(l.values.Get(name)) }

// OrderBy is the API's order_by.
func (l list) OrderBy() string {
	name, isDown := l.sort()
	if isDown {
		return name + " desc"
	}
	return name
}

func (l list) sort() (name string, isDown bool) {
	name, isDown = strings.CutPrefix(l.Get("sort"), "-")
	if !slices.Contains(l.sorts, name) {
		return strings.TrimPrefix(l.sorts[0], "-"), strings.HasPrefix(l.sorts[0], "-")
	}
	return name, isDown
}

// PageToken is the API's page_token.
func (l list) PageToken() string { return l.Get("page") }

// column returns the heading of a column that can be sorted by.
func (l list) column(label, field string) column {
	name, isDown := l.sort()
	c := column{Label: label, SortHref: l.with("sort", field)}
	if name == field {
		c.Sorted, c.SortHref = "ascending", l.with("sort", "-"+field)
		if isDown {
			c.Sorted, c.SortHref = "descending", l.with("sort", field)
		}
	}
	return c
}

// with returns the list's address with another value, from the first page on.
func (l list) with(name, value string) string {
	values := l.copy()
	values.Del("page")
	values.Del("back")
	values.Set(name, value)
	return l.href(values)
}

// Kept are the state's values that a search form passes on.
func (l list) Kept() map[string]string {
	kept := map[string]string{}
	if sort := l.Get("sort"); sort != "" {
		kept["sort"] = sort
	}
	return kept
}

// pager leads to the pages beside this one. Empty: there is none.
type pager struct{ First, Previous, Next string }

// pager returns the ways on, given the API's next_page_token. Tokens lead forward only, so the way back
// is kept in the address.
func (l list) pager(next string) pager {
	var p pager
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

func (l list) page(token string, trail []string) string {
	values := l.copy()
	values.Set("page", token)
	values.Set("back", strings.Join(trail, "."))
	return l.href(values)
}

func (l list) copy() url.Values {
	values := url.Values{}
	for name, v := range l.values {
		values[name] = slices.Clone(v)
	}
	return values
}

// href leaves out what is empty.
func (l list) href(values url.Values) string {
	for name := range values {
		if values.Get(name) == "" {
			values.Del(name)
		}
	}
	if len(values) == 0 {
		return l.path
	}
	return l.path + "?" + values.Encode()
}

// isFiltered says that the list may lack rows by what was asked for.
func (l list) isFiltered(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return l.Get(name) != "" })
}

// quoted returns a value as a string of a filter.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `*`, `\*`).Replace(value) + `"`
}

// search returns the filter for things whose name has all words that were typed, or whose id it is.
func search(typed string) string {
	if typed = searched(typed); typed == "" {
		return ""
	}
	found := hasWords("display_name", typed)
	if lower := strings.ToLower(typed); isID(lower) {
		return "(" + found + " OR name = " + quoted(lower) + ")"
	}
	return found
}

// searched returns what was typed as it is searched for.
func searched(typed string) string {
	return shortened(pasted.Trim(strings.ToValidUTF8(typed, "")), maxSearchChars)
}

// hasWords returns a filter for fields that contain all words of a text.
func hasWords(name, text string) string {
	var all []string
	for word := range strings.FieldsSeq(text) {
		all = append(all, name+":"+quoted(word))
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

func capital(s string) string {
	_, first := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:first]) + s[first:]
}

// isID says whether a text can be the id of an offer or publisher.
func isID(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// and joins filters, of which some may be empty.
func and(filters ...string) string {
	return strings.Join(slices.DeleteFunc(filters, func(f string) bool { return f == "" }), " AND ")
}

// toolbar is the search and the filters above a table, shown by the template "toolbar".
type toolbar struct {
	// Target is the table's id.
	Target string
	Action string
	// Search is the value and label of the search box.
	Search, SearchLabel string
	// Filters are selects.
	Filters []field
	// Kept are values that stay as they are.
	Kept map[string]string
}
