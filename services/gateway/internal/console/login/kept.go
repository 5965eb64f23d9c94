package login

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

const (
	// keptFor is how long the login page keeps a form.
	keptFor = time.Hour
	// maxKeptBytes bounds a form that is kept. A larger one is lost, and the login page says so.
	maxKeptBytes = 256 << 10
	// maxLoginBytes bounds the login form with a kept form in it.
	maxLoginBytes = 1 << 20
	keptPurpose   = "kept form"

	sessionEnded = "Your session had ended."
)

// keptForm is a form that was sent after its session had ended. The login page carries it, signed, in a
// hidden field. It is in no address or cookie, and is gone when that page is closed. See decision 20.
type keptForm struct {
	// Path is where it was sent to, From the page with the form.
	Path   string     `json:"path"`
	From   string     `json:"from"`
	Values url.Values `json:"values"`
	// Until is when it expires, in Unix seconds.
	Until int64 `json:"until"`
}

// Ask answers a request without a session with the login page, which leads back here and restores what
// was typed into a form.
func Ask(p *ui.Page, t ui.Route) error {
	if !ui.IsUnsafe(p.Request.Method) || p.IsHTMX() || t.IsOwn {
		toLogin(p)
		return nil
	}
	view := loginView{Next: formPage(p), Notice: sessionEnded + " Log in to continue."}
	if t.TakesFiles {
		view.Notice = sessionEnded + " Log in, then choose the file again."
		return showLoginAs(p, http.StatusUnauthorized, view, "")
	}
	p.Request.Body = http.MaxBytesReader(p.Writer, p.Request.Body, ui.MaxFormBytes)
	if isSentByUs(p) && p.Request.ParseForm() == nil {
		view.Kept = keepForm(p, p.Request.PostForm)
	}
	if view.Kept != "" {
		view.Notice = sessionEnded + " Log in to get back what you typed. Nothing is saved until you save it."
	}
	return showLoginAs(p, http.StatusUnauthorized, view, "")
}

// formPage returns the page of the form that was sent, which browsers name.
func formPage(p *ui.Page) string {
	from, err := url.Parse(p.Request.Header.Get("Referer"))
	if err != nil || !isOurs(p, from) {
		return ui.OwnPath(p.Request.URL.EscapedPath())
	}
	return ui.OwnPath(from.RequestURI())
}

// isSentByUs reports whether a browser says that one of our pages sent the form. sameOrigin lets requests pass
// that say nothing of where they come from, as old browsers and other programs send them. Those are answered, but
// no form of theirs is kept or shown again after a login: another site may have filled it in.
func isSentByUs(p *ui.Page) bool {
	switch p.Request.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	said := p.Request.Header.Get("Origin")
	if said == "" {
		said = p.Request.Header.Get("Referer")
	}
	from, err := url.Parse(said)
	return err == nil && isOurs(p, from)
}

// isOurs reports whether an address is on the console's origin, as this request or COUPONLINK_PUBLIC_URL has it.
func isOurs(p *ui.Page, address *url.URL) bool {
	return address.Host != "" && (address.Host == p.Request.Host || ui.OriginOf(address) == p.PublicOrigin)
}

// keepForm returns a form as the login page carries it; "" if it is too large.
func keepForm(p *ui.Page, values url.Values) string {
	kept := keptForm{Path: p.Request.URL.RequestURI(), From: formPage(p), Values: maps.Clone(values), Until: p.Now().Add(keptFor).Unix()}
	content, err := json.Marshal(kept)
	if err != nil || len(content) > maxKeptBytes {
		return ""
	}
	sealed, err := p.Access.Seal(keptPurpose, content)
	if err != nil {
		return ""
	}
	return sealed
}

// openKept returns the form that a login page carried; nil if it carried none or the form has expired.
func openKept(p *ui.Page, sealed string) *keptForm {
	content, ok := p.Access.Open(keptPurpose, sealed)
	var kept keptForm
	if !ok || json.Unmarshal(content, &kept) != nil || p.Now().Unix() >= kept.Until {
		return nil
	}
	return &kept
}

// resume shows a kept form in a session: it submits the form again and reviews it.
func resume(p *ui.Page, kept *keptForm, begun *access.Session) {
	address, err := url.Parse(kept.Path)
	if err != nil {
		p.GoTo(ui.Root)
		return
	}
	r := p.Request.Clone(resumed(p.Request.Context(), &resumption{session: begun, from: kept.From}))
	r.URL, r.RequestURI, r.Body = address, kept.Path, http.NoBody
	r.Form, r.PostForm = nil, kept.Values
	p.Inside.ServeHTTP(p.Writer, r)
}
