package login

import (
	"net/http"
	"net/url"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// toLogin sends a browser without a session to the login page, and back here afterwards. If a script asks for
// a part of a page, the page stays, with all that is typed there, and says that the session has ended.
func toLogin(p *ui.Page) {
	if p.IsHTMX() {
		current, err := url.Parse(p.Request.Header.Get("HX-Current-URL"))
		if err != nil || p.Request.Method != http.MethodGet || (current.Path != "" && current.Path != p.Request.URL.Path) {
			p.Fail(p.Refuse(http.StatusUnauthorized, "Your session has ended", "Log in again in another window, then continue here. What you typed stays."))
			return
		}
	}
	target := ui.Root + "login"
	if p.Request.Method == http.MethodGet && p.Request.URL.Path != ui.Root && (!p.IsHTMX() || p.Request.Header.Get("HX-Current-URL") != "") {
		target += "?next=" + url.QueryEscape(p.Request.URL.RequestURI())
	}
	p.GoTo(target)
}
