package console

import (
	"math"
	"net/http"
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
		post("logout", logOut),
		post("logout-everywhere", logOutEverywhere),
		post("theme", setTheme),
	}
}

type loginView struct {
	Key  field
	Next string
	// WasLoggedOut says that this browser has just been logged out.
	WasLoggedOut bool
}

func showLogin(_ http.ResponseWriter, r *http.Request, p *page) error {
	if p.session != nil {
		p.goTo(ownPath(r.URL.Query().Get("next")))
		return nil
	}
	return p.showLogin(http.StatusOK, r.URL.Query().Get("next"), "")
}

func (p *page) showLogin(status int, next, problem string) error {
	p.Title = "Log in"
	return p.showAs(status, "login", loginView{
		Key: field{
			Name: "key", Label: "Admin key", Kind: "password", IsRequired: true, Error: problem, Autofocus: true,
			Hint: "Couponlink prints it when it starts, or it is what COUPONLINK_ADMIN_KEY says.",
		},
		Next: ownPath(next), WasLoggedOut: p.r.URL.Query().Has("bye"),
	})
}

func logIn(w http.ResponseWriter, r *http.Request, p *page) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	next := r.PostFormValue("next")
	isRight, wait := p.access.Attempt(r, r.PostFormValue("key"))
	if wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		w.Header().Set("Retry-After", seconds)
		return p.showLogin(http.StatusTooManyRequests, next, "There were too many attempts. Wait "+seconds+" seconds, then try again.")
	}
	if !isRight {
		return p.showLogin(http.StatusUnprocessableEntity, next, "This is not the admin key. Check it for missing characters.")
	}
	if _, err := p.access.Begin(w, r); err != nil {
		return err
	}
	p.goTo(ownPath(next))
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
