package ui

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
)

const (
	themeCookie = "couponlink_theme"
	themeAge    = 365 * 24 * time.Hour
)

// themeOf returns the theme that the browser has chosen, `auto` if none.
func themeOf(r *http.Request) string {
	if cookie, err := r.Cookie(themeCookie); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		return cookie.Value
	}
	return "auto"
}

// KeepTheme keeps the theme that the browser has chosen. Anything but light and dark is auto.
func (p *Page) KeepTheme(theme string) {
	if theme != "light" && theme != "dark" {
		theme = "auto"
	}
	p.Access.SetCookie(p.Writer, p.Request, themeCookie, theme, themeAge)
}

// LinkTo returns a link to a page without wildcards; nil if the console has no such page.
func (p *Page) LinkTo(path, label string) *Link {
	if !p.Has(path) {
		return nil
	}
	return &Link{Label: label, Href: Root + path}
}

// LinkWith is LinkTo with a query.
func (p *Page) LinkWith(path, label string, query url.Values) *Link {
	l := p.LinkTo(path, label)
	if l != nil && len(query) > 0 {
		l.Href += "?" + query.Encode()
	}
	return l
}

// Session is who asks.
type Session struct{ *access.Session }

// May is the one place where a page asks whether it may do something. The admin key opens all; roles
// come here.
func (s *Session) May(action) bool { return true }

// Page is one request's page: what its handler needs to answer, and what the layout shows around the
// answer. Templates have it as $.
type Page struct {
	*Kit
	Session *Session
	Writer  http.ResponseWriter
	Request *http.Request
	theme   string

	// Title is the page's heading and, with the product's name, the window's title.
	Title string
	// Lead is a sentence below the heading.
	Lead string
	// Section is the path of the menu's entry that is lit, such as `offers`.
	Section string
	// Crumbs lead to the page from above; the page itself is not among them.
	Crumbs []Link
	// Tabs stand below the heading.
	Tabs []Tab
	// Actions stand beside the heading: the page's main button last.
	Actions []Link
	// View is what the page's own template shows, as .View.
	View any

	toasts []Toast
	// Review, if set, says that nothing is stored; status is the answer's status.
	Review *Review
	status int
	// KeepsForm says that it is the login page with a kept form.
	KeepsForm bool
}

// Link leads somewhere.
type Link struct {
	Label, Href string
	// IsPrimary makes it the page's main button, where it is one.
	IsPrimary bool
}

// Tab is one of several pages of one thing.
type Tab struct {
	Label, Href string
	IsCurrent   bool
}

// NewPage returns the page of a request, without a session.
func NewPage(c *Kit, w http.ResponseWriter, r *http.Request) *Page {
	return &Page{Kit: c, Writer: w, Request: r, theme: themeOf(r)}
}

// IsHTMX says that htmx asks, and takes a part of the page.
func (p *Page) IsHTMX() bool {
	return p.Request.Header.Get("HX-Request") == "true" && p.Request.Header.Get("HX-History-Restore-Request") != "true"
}

// Fragment returns which part of the page htmx asks for: the id of its target.
func (p *Page) Fragment() string {
	if !p.IsHTMX() {
		return ""
	}
	_, id, _ := strings.Cut(p.Request.Header.Get("HX-Target"), "#")
	return id
}

// Show answers with the page named by a file of templates/pages, or, if htmx asks for a part of it that
// the file defines as a template, with that part. view is .View in the template.
func (p *Page) Show(name string, view any) error { return p.ShowAs(http.StatusOK, name, view) }

// ShowAs is show with another status: 422 for a form that was refused.
func (p *Page) ShowAs(status int, name string, view any) error {
	p.View, p.status = view, status
	if p.Review != nil && p.Review.IsAsked {
		status = http.StatusOK // a script asks: browsers log others as faults of the page
	}
	p.takeFlash()
	body, err := p.Views.page(name, p.Fragment(), p)
	if err != nil {
		return err
	}
	p.write(status, body)
	return nil
}

// Part answers with one template of a page's file, without anything around it: for what only scripts ask
// for.
func (p *Page) Part(name, part string, view any) error {
	p.View = view
	body, err := p.Views.page(name, part, p)
	if err != nil {
		return err
	}
	p.write(http.StatusOK, body)
	return nil
}

// write sends a page that is whole already.
func (p *Page) write(status int, body []byte) {
	p.Writer.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.Writer.Header().Add("Vary", "HX-Request")
	p.Writer.WriteHeader(status)
	_, _ = p.Writer.Write(body) // who has gone needs no answer
}

// Done answers a form that did what it should: it leads to a page, which shows the toast.
func (p *Page) Done(path string, t Toast) error {
	if p.Review != nil && p.Review.heldBack.Load() {
		p.EndReview()
		return nil
	}
	p.keepFlash(t)
	p.GoTo(path)
	return nil
}

// GoTo leads to another page: by 303, or by htmx's own means.
func (p *Page) GoTo(target string) {
	if p.IsHTMX() {
		p.Writer.Header().Set("HX-Redirect", target)
		p.Writer.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(p.Writer, p.Request, target, http.StatusSeeOther)
}

// Has says whether there is a page for a path of the route table, such as `offers/{offer}/coupons`.
func (p *Page) Has(path string) bool { return p.Paths[path] }

// TabsOf returns those of a thing's tabs that have pages. Patterns are the route table's, with one
// wildcard at most, which value fills.
func (p *Page) TabsOf(current, wildcard, value string, all []Link) []Tab {
	var tabs []Tab
	for _, l := range all {
		if !p.Has(l.Href) {
			continue
		}
		href := Root + strings.ReplaceAll(l.Href, "{"+wildcard+"}", url.PathEscape(value))
		tabs = append(tabs, Tab{Label: l.Label, Href: href, IsCurrent: l.Href == current})
	}
	return tabs
}

// Href returns the address of a page by its path's parts: Href("offers", id, "settings").
func Href(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return Root + strings.Join(escaped, "/")
}

// What follows is for the layout.

// IsIn says that somebody is logged in.
func (p *Page) IsIn() bool { return p.Session != nil }

// Theme is `light`, `dark` or `auto`.
func (p *Page) Theme() string { return p.theme }

// Path is the address of this page, for forms that come back here.
func (p *Page) Path() string { return p.Request.URL.RequestURI() }

// WindowTitle is what the window's title says.
func (p *Page) WindowTitle() string {
	if p.Title == "" {
		return "Couponlink"
	}
	return p.Title + " · Couponlink"
}

// Toasts are the messages to show.
func (p *Page) Toasts() []Toast { return p.toasts }

// OwnPath returns next if it is a path of the console's, else the console's first page: a login must not
// lead to other sites.
func OwnPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, Root) ||
		strings.Contains(u.Path, "..") || strings.ContainsAny(next, "\\\r\n\t") {
		return Root
	}
	return u.RequestURI()
}

// ScanHref returns the address that scans a link.
func ScanHref(link string) string {
	return Href("tools", "scan") + "?" + url.Values{"url": {link}}.Encode()
}
