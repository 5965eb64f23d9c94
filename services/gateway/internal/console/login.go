package console

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	themeCookie = "couponlink_theme"
	themeAge    = 365 * 24 * time.Hour
)

func loginRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "login", handle: showLogin, isPublic: true},
		{method: http.MethodPost, path: "login", handle: logIn, isPublic: true},
		{method: http.MethodPost, path: "logout", handle: logOut, isOwn: true},
		{method: http.MethodPost, path: "logout-everywhere", handle: logOutEverywhere, needs: change, isOwn: true},
		{method: http.MethodPost, path: "theme", handle: setTheme, isOwn: true},
	}
}

type loginView struct {
	Key  field
	Next string
	// WasLoggedOut says that this browser has just been logged out.
	WasLoggedOut bool
	// Notice says why the login page is shown, Kept is the form that waits for the login, and Drop is the
	// address of the login page without it.
	Notice, Kept, Drop string
}

func showLogin(_ http.ResponseWriter, r *http.Request, p *page) error {
	if p.session != nil {
		p.goTo(ownPath(r.URL.Query().Get("next")))
		return nil
	}
	return p.showLogin(http.StatusOK, loginView{Next: r.URL.Query().Get("next"), WasLoggedOut: r.URL.Query().Has("bye")}, "")
}

func (p *page) showLogin(status int, view loginView, problem string) error {
	p.Title = "Log in"
	view.Key = field{
		Name: "key", Label: "Admin key", Kind: "password", IsRequired: true, Error: problem, Autofocus: true,
		Hint: "Couponlink prints it at start, unless COUPONLINK_ADMIN_KEY sets it.",
	}
	view.Next, p.keepsForm = ownPath(view.Next), view.Kept != ""
	if view.Kept != "" {
		view.Drop = at("login") + "?" + url.Values{"next": {view.Next}}.Encode()
	}
	return p.showAs(status, "login", view)
}

func logIn(w http.ResponseWriter, r *http.Request, p *page) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBytes)
	var kept *keptForm
	if p.isSentByUs() {
		kept = p.openKept(r.PostFormValue("kept"))
	}
	view := loginView{Next: r.PostFormValue("next")}
	if kept != nil {
		view.Kept = r.PostFormValue("kept")
		view.Notice = "What you typed is still kept: log in to get it back."
	}
	isRight, wait := p.access.Attempt(r, r.PostFormValue("key"))
	if wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		w.Header().Set("Retry-After", seconds)
		return p.showLogin(http.StatusTooManyRequests, view, "There were too many attempts. Wait "+seconds+" seconds, then try again.")
	}
	if !isRight {
		return p.showLogin(http.StatusUnprocessableEntity, view, "This is not the admin key. Check it for missing characters.")
	}
	begun, err := p.access.Begin(w, r)
	if err != nil {
		return err
	}
	if kept != nil {
		p.resume(kept, begun)
		return nil
	}
	p.goTo(ownPath(view.Next))
	return nil
}

func logOut(w http.ResponseWriter, r *http.Request, p *page) error {
	p.access.End(w, r, p.session.Session)
	p.goTo(Root + "login?bye")
	return nil
}

func logOutEverywhere(_ http.ResponseWriter, _ *http.Request, p *page) error {
	if err := p.access.EndAll(); err != nil {
		return err
	}
	p.goTo(Root + "login?bye")
	return nil
}

func setTheme(w http.ResponseWriter, r *http.Request, p *page) error {
	theme := r.PostFormValue("theme")
	if theme != "light" && theme != "dark" {
		theme = "auto"
	}
	p.access.SetCookie(w, r, themeCookie, theme, themeAge)
	p.goTo(ownPath(r.PostFormValue("back")))
	return nil
}

// themeOf returns the theme that the browser has chosen, `auto` if none.
func themeOf(r *http.Request) string {
	if cookie, err := r.Cookie(themeCookie); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		return cookie.Value
	}
	return "auto"
}
