package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
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

// askLogin answers a request without a session with the login page, which leads back here and restores what
// was typed into a form.
func (p *page) askLogin(t route) error {
	if !isUnsafe(p.r.Method) || p.isHTMX() || t.isOwn {
		p.toLogin()
		return nil
	}
	view := loginView{Next: p.formPage(), Notice: sessionEnded + " Log in to go on."}
	if t.takesFiles {
		view.Notice = sessionEnded + " Log in, then choose the file again."
		return p.showLogin(http.StatusUnauthorized, view, "")
	}
	p.r.Body = http.MaxBytesReader(p.w, p.r.Body, maxFormBytes)
	if p.isSentByUs() && p.r.ParseForm() == nil {
		view.Kept = p.keepForm(p.r.PostForm)
	}
	if view.Kept != "" {
		view.Notice = sessionEnded + " Log in to get back what you typed. Nothing is saved until you save it."
	}
	return p.showLogin(http.StatusUnauthorized, view, "")
}

// formPage returns the page of the form that was sent, which browsers name.
func (p *page) formPage() string {
	from, err := url.Parse(p.r.Header.Get("Referer"))
	if err != nil || !p.isOurs(from) {
		return ownPath(p.r.URL.EscapedPath())
	}
	return ownPath(from.RequestURI())
}

// isSentByUs reports whether a browser says that one of our pages sent the form. sameOrigin lets requests pass
// that say nothing of where they come from, as old browsers and other programs send them. Those are answered, but
// no form of theirs is kept or shown again after a login: another site may have filled it in.
func (p *page) isSentByUs() bool {
	switch p.r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	said := p.r.Header.Get("Origin")
	if said == "" {
		said = p.r.Header.Get("Referer")
	}
	from, err := url.Parse(said)
	return err == nil && p.isOurs(from)
}

// isOurs reports whether an address is on the console's origin, as this request or COUPONLINK_PUBLIC_URL has it.
func (p *page) isOurs(address *url.URL) bool {
	return address.Host != "" && (address.Host == p.r.Host || originOf(address) == p.publicOrigin)
}

// keepForm returns a form as the login page carries it; "" if it is too large.
func (p *page) keepForm(values url.Values) string {
	kept := keptForm{Path: p.r.URL.RequestURI(), From: p.formPage(), Values: cloneValues(values), Until: p.now().Add(keptFor).Unix()}
	content, err := json.Marshal(kept)
	if err != nil || len(content) > maxKeptBytes {
		return ""
	}
	sealed, err := p.access.Seal(keptPurpose, content)
	if err != nil {
		return ""
	}
	return sealed
}

// openKept returns the form that a login page carried; nil if it carried none or the form has expired.
func (p *page) openKept(sealed string) *keptForm {
	content, ok := p.access.Open(keptPurpose, sealed)
	var kept keptForm
	if !ok || json.Unmarshal(content, &kept) != nil || p.now().Unix() >= kept.Until {
		return nil
	}
	return &kept
}

// resume shows a kept form in a session: it submits the form again and reviews it.
func (p *page) resume(kept *keptForm, begun *access.Session) {
	address, err := url.Parse(kept.Path)
	if err != nil {
		p.goTo(Root)
		return
	}
	r := p.r.Clone(resumed(p.r.Context(), &resumption{session: begun, from: kept.From}))
	r.URL, r.RequestURI, r.Body = address, kept.Path, http.NoBody
	r.Form, r.PostForm = nil, kept.Values
	p.mux.ServeHTTP(p.w, r)
}
