package console

import (
	"errors"
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
	// takesFiles says that the handler reads the body itself, with its own bound.
	takesFiles bool
	// isOwn says that the handler changes only the console's own state, which is not reviewed.
	isOwn bool
}

func (t route) pattern() string {
	if t.path == "" {
		return Root + "{$}"
	}
	return Root + t.path
}

// get and post are the rows of most tables.
func get(path string, h handler) route { return route{method: http.MethodGet, path: path, handle: h} }

// post is for what changes something. Console.sameOrigin has refused requests of other sites before.
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

// serve wraps a route: session, permission, and errors made into pages.
func (c *Console) serve(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &page{Console: c, w: w, r: r, theme: themeOf(r)}
		err := c.answer(t, p)
		switch {
		case err == nil:
		case errors.As(err, new(heldBackError)) && p.review != nil:
			p.endReview()
		default:
			p.fail(err)
		}
	})
}

func (c *Console) answer(t route, p *page) error {
	resumes := resumptionOf(p.r.Context())
	if resumes != nil {
		p.session = &session{Session: resumes.session}
		p.startReview(&review{notice: sessionEnded, from: resumes.from})
	} else if current, err := c.access.Session(p.w, p.r); err != nil {
		return err
	} else if current != nil {
		p.session = &session{Session: current}
	}
	switch {
	case t.isPublic:
		return t.handle(p.w, p.r, p)
	case p.session == nil:
		return p.askLogin(t)
	case resumes == nil && !t.takesFiles && isUnsafe(p.r.Method):
		p.r.Body = http.MaxBytesReader(p.w, p.r.Body, maxFormBytes)
		if err := p.r.ParseForm(); err != nil {
			return p.refuse(http.StatusBadRequest, "This form could not be read", "It may be too large. Go back and try again.")
		}
		if p.r.Header.Get(reviewHeader) != "" && !t.isOwn {
			p.startReview(&review{isAsked: true})
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

// toLogin sends a browser without a session to the login page, and back here afterwards. If a script asks for
// a part of a page, the page stays, with all that is typed there, and says that the session has ended.
func (p *page) toLogin() {
	if p.isHTMX() {
		current, err := url.Parse(p.r.Header.Get("HX-Current-URL"))
		if err != nil || p.r.Method != http.MethodGet || (current.Path != "" && current.Path != p.r.URL.Path) {
			p.fail(p.refuse(http.StatusUnauthorized, "Your session has ended", "Log in again in another window, then go on here. What you typed stays."))
			return
		}
	}
	target := Root + "login"
	if p.r.Method == http.MethodGet && p.r.URL.Path != Root && (!p.isHTMX() || p.r.Header.Get("HX-Current-URL") != "") {
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
