package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
)

// session is who asks.
type session struct{ *access.Session }

// may is the one place where a page asks whether it may do something. The admin key opens all; roles
// come here.
func (s *session) may(action) bool { return true }

// page is one request's page: what its handler needs to answer, and what the layout shows around the
// answer. Templates have it as $.
type page struct {
	*Console
	session *session
	w       http.ResponseWriter
	r       *http.Request
	theme   string

	// Title is the page's heading and, with the product's name, the window's title.
	Title string
	// Lead is a sentence below the heading.
	Lead string
	// Section is the path of the menu's entry that is lit, such as `offers`.
	Section string
	// Crumbs lead to the page from above; the page itself is not among them.
	Crumbs []link
	// Tabs stand below the heading.
	Tabs []tab
	// Actions stand beside the heading: the page's main button last.
	Actions []link
	// View is what the page's own template shows, as .View.
	View any

	toasts []toast
	// review, if set, says that nothing is stored; status is the answer's status.
	review *review
	status int
	// keepsForm says that it is the login page with a kept form.
	keepsForm bool
}

// link leads somewhere.
type link struct {
	Label, Href string
	// IsPrimary makes it the page's main button, where it is one.
	IsPrimary bool
}

// tab is one of several pages of one thing.
type tab struct {
	Label, Href string
	IsCurrent   bool
}

// isHTMX says that htmx asks, and takes a part of the page.
func (p *page) isHTMX() bool {
	return p.r.Header.Get("HX-Request") == "true" && p.r.Header.Get("HX-History-Restore-Request") != "true"
}

// fragment returns which part of the page htmx asks for: the id of its target.
func (p *page) fragment() string {
	if !p.isHTMX() {
		return ""
	}
	_, id, _ := strings.Cut(p.r.Header.Get("HX-Target"), "#")
	return id
}

// show answers with the page named by a file of templates/pages, or, if htmx asks for a part of it that
// the file defines as a template, with that part. view is .View in the template.
func (p *page) show(name string, view any) error { return p.showAs(http.StatusOK, name, view) }

// showAs is show with another status: 422 for a form that was refused.
func (p *page) showAs(status int, name string, view any) error {
	p.View, p.status = view, status
	if p.review != nil && p.review.isAsked {
		status = http.StatusOK // a script asks: browsers log others as faults of the page
	}
	p.takeFlash()
	body, err := p.views.page(name, p.fragment(), p)
	if err != nil {
		return err
	}
	p.write(status, body)
	return nil
}

// part answers with one template of a page's file, without anything around it: for what only scripts ask
// for.
func (p *page) part(name, part string, view any) error {
	p.View = view
	body, err := p.views.page(name, part, p)
	if err != nil {
		return err
	}
	p.write(http.StatusOK, body)
	return nil
}

// write sends a page that is whole already.
func (p *page) write(status int, body []byte) {
	p.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.w.Header().Add("Vary", "HX-Request")
	p.w.WriteHeader(status)
	_, _ = p.w.Write(body) // who has gone needs no answer
}

// done answers a form that did what it should: it leads to a page, which shows the toast.
func (p *page) done(path string, t toast) error {
	if p.review != nil && p.review.heldBack.Load() {
		p.endReview()
		return nil
	}
	p.keepFlash(t)
	p.goTo(path)
	return nil
}

// goTo leads to another page: by 303, or by htmx's own means.
func (p *page) goTo(target string) {
	if p.isHTMX() {
		p.w.Header().Set("HX-Redirect", target)
		p.w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(p.w, p.r, target, http.StatusSeeOther) //nolint:gosec // what a browser sent has gone through ownPath
}

// has says whether there is a page for a path of the route table, such as `offers/{offer}/coupons`.
func (p *page) has(path string) bool { return p.paths[path] }

// tabsOf returns those of a thing's tabs that have pages. Patterns are the route table's, with one
// wildcard at most, which value fills.
func (p *page) tabsOf(current, wildcard, value string, all []link) []tab {
	var tabs []tab
	for _, l := range all {
		if !p.has(l.Href) {
			continue
		}
		href := Root + strings.ReplaceAll(l.Href, "{"+wildcard+"}", url.PathEscape(value))
		tabs = append(tabs, tab{Label: l.Label, Href: href, IsCurrent: l.Href == current})
	}
	return tabs
}

// at returns the address of a page by its path's parts: at("offers", id, "settings").
func at(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return Root + strings.Join(escaped, "/")
}

// What follows is for the layout.

// IsIn says that somebody is logged in.
func (p *page) IsIn() bool { return p.session != nil }

// Theme is `light`, `dark` or `auto`.
func (p *page) Theme() string { return p.theme }

// Path is the address of this page, for forms that come back here.
func (p *page) Path() string { return p.r.URL.RequestURI() }

// WindowTitle is what the window's title says.
func (p *page) WindowTitle() string {
	if p.Title == "" {
		return "Couponlink"
	}
	return p.Title + " · Couponlink"
}

// Toasts are the messages to show.
func (p *page) Toasts() []toast { return p.toasts }
