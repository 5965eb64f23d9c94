package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// handler answers a request. An error becomes a page, or a message beside what is there: see fail.
type handler func(w http.ResponseWriter, r *http.Request, p *page) error

// route is one row of the route table.
type route struct {
	method string
	// path is below Root, as http.ServeMux has it: `offers/{offer}/settings`. Empty is the console's
	// first page.
	path   string
	handle handler
	// needs is what the session must be allowed; empty is looking.
	needs action
	// isPublic says that no session is needed.
	isPublic bool
	// takesFiles says that the handler reads the body itself, with its own bound, and checks the form's
	// token by p.checkToken.
	takesFiles bool
}

func (t route) pattern() string {
	if t.path == "" {
		return Root + "{$}"
	}
	return Root + t.path
}

// get and post are the rows of most tables.
func get(path string, h handler) route { return route{method: http.MethodGet, path: path, handle: h} }

// post is for what changes something: the form's token is checked.
func post(path string, h handler) route {
	return route{method: http.MethodPost, path: path, handle: h, needs: change}
}

// routes is the whole console. A new page adds its table here and its entry to the menu.
func routes() []route {
	return slices.Concat(
		loginRoutes(),
		overviewRoutes(),
		offerRoutes(),
		publisherRoutes(),
		couponRoutes(),
		offerPublisherRoutes(),
		offerPostbackRoutes(),
		pickRoutes(),
		scanRoutes(),
		offerScanRoutes(),
		reportRoutes(),
		conversionRoutes(),
		postbackRoutes(),
		deliveryRoutes(),
		leakedCodeRoutes(),
		settingsRoutes(),
	)
}

// action is what a page may ask for.
type action string

// The actions. There is one role by now, which may do both.
const (
	look   action = ""
	change action = "change"
)

// serve wraps a route: session, token, permission, and errors made into pages.
func (c *Console) serve(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &page{Console: c, w: w, r: r, theme: themeOf(r)}
		if err := c.answer(t, p); err != nil {
			p.fail(err)
		}
	})
}

func (c *Console) answer(t route, p *page) error {
	current, err := c.access.Session(p.w, p.r)
	if err != nil {
		return err
	}
	if current != nil {
		p.session = &session{Session: current}
	}
	if t.isPublic {
		return t.handle(p.w, p.r, p)
	}
	if p.session == nil {
		p.toLogin()
		return nil
	}
	if !t.takesFiles && isUnsafe(p.r.Method) {
		p.r.Body = http.MaxBytesReader(p.w, p.r.Body, maxFormBytes)
		if err := p.checkToken(); err != nil {
			return err
		}
	}
	if !p.session.may(t.needs) {
		return p.refuse(http.StatusForbidden, "You may not do this", "Ask whoever runs this program.")
	}
	return t.handle(p.w, p.r, p)
}

func isUnsafe(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}

// checkToken refuses a form without the session's token. It reads the form.
func (p *page) checkToken() error {
	if err := p.r.ParseForm(); err != nil {
		return p.refuse(http.StatusBadRequest, "This form could not be read", "It may be too large. Go back and try again.")
	}
	if !p.session.IsToken(p.r.PostFormValue("csrf")) {
		return p.refuse(http.StatusForbidden, "This form is too old", "You have logged in anew since it was opened. Go back, reload the page and send it again.")
	}
	return nil
}

// toLogin sends a browser without a session to the login page, and back here afterwards.
func (p *page) toLogin() {
	target := Root + "login"
	if p.r.Method == http.MethodGet && !p.isHTMX() && p.r.URL.Path != Root {
		target += "?next=" + url.QueryEscape(p.r.URL.RequestURI())
	}
	p.goTo(target)
}

// ownPath returns next if it is a path of the console's, else the console's first page: a login must not
// lead to other sites.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, Root) ||
		strings.Contains(u.Path, "..") || strings.ContainsAny(next, "\\\r\n\t") {
		return Root
	}
	return u.RequestURI()
}
