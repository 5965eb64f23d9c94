package login

import (
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

func routes() []ui.Route {
	return []ui.Route{
		{Method: http.MethodGet, Path: "login", Handle: showLogin, IsPublic: true},
		{Method: http.MethodPost, Path: "login", Handle: logIn, IsPublic: true},
		{Method: http.MethodPost, Path: "logout", Handle: logOut, IsOwn: true},
		{Method: http.MethodPost, Path: "logout-everywhere", Handle: logOutEverywhere, Needs: ui.Change, IsOwn: true},
	}
}

type loginView struct {
	Key  ui.Field
	Next string
	// WasLoggedOut says that this browser has just been logged out.
	WasLoggedOut bool
	// Notice says why the login page is shown, Kept is the form that waits for the login, and Drop is the
	// address of the login page without it.
	Notice, Kept, Drop string
}

func showLogin(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	if p.Session != nil {
		p.GoTo(ui.OwnPath(r.URL.Query().Get("next")))
		return nil
	}
	return showLoginAs(p, http.StatusOK, loginView{Next: r.URL.Query().Get("next"), WasLoggedOut: r.URL.Query().Has("bye")}, "")
}

func showLoginAs(p *ui.Page, status int, view loginView, problem string) error {
	p.Title = "Log in"
	view.Key = ui.Field{
		Name: "key", Label: "Admin key", Kind: "password", IsRequired: true, Error: problem, Autofocus: true,
		Hint: "Couponlink prints it at start, unless COUPONLINK_ADMIN_KEY sets it.",
	}
	view.Next, p.KeepsForm = ui.OwnPath(view.Next), view.Kept != ""
	if view.Kept != "" {
		view.Drop = ui.Href("login") + "?" + url.Values{"next": {view.Next}}.Encode()
	}
	return p.ShowAs(status, "login", view)
}

func logIn(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBytes)
	var kept *keptForm
	if isSentByUs(p) {
		kept = openKept(p, r.PostFormValue("kept"))
	}
	view := loginView{Next: r.PostFormValue("next")}
	if kept != nil {
		view.Kept = r.PostFormValue("kept")
		view.Notice = "What you typed is still kept: log in to get it back."
	}
	isRight, wait := p.Access.Attempt(r, r.PostFormValue("key"))
	if wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		w.Header().Set("Retry-After", seconds)
		return showLoginAs(p, http.StatusTooManyRequests, view, "There were too many attempts. Wait "+seconds+" seconds, then try again.")
	}
	if !isRight {
		return showLoginAs(p, http.StatusUnprocessableEntity, view, "This is not the admin key. Check it for missing characters.")
	}
	begun, err := p.Access.Begin(w, r)
	if err != nil {
		return err
	}
	if kept != nil {
		resume(p, kept, begun)
		return nil
	}
	p.GoTo(ui.OwnPath(view.Next))
	return nil
}

func logOut(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	if err := p.Access.End(w, r, p.Session.Session); err != nil {
		return err
	}
	p.GoTo(ui.Root + "login?bye")
	return nil
}

func logOutEverywhere(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	if err := p.Access.EndAll(); err != nil {
		return err
	}
	p.GoTo(ui.Root + "login?bye")
	return nil
}
