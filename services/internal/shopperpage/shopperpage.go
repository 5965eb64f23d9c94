// Package shopperpage writes the pages for shoppers whose link leads nowhere. They say what the shopper can do, and
// reveal nothing about the installation.
//
// What answers shoppers may import it; of our packages it imports rpcstatus.
package shopperpage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page and its style
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// Text is the text of a page.
type Text struct {
	Title  string
	Text   string
	Advice []string
}

// Later is the text if the link may work later.
func Later() Text {
	return Text{
		Title: "One moment, please", Text: "This link cannot be opened right now.",
		Advice: []string{"Wait a minute, then load this page again."},
	}
}

// Pages writes pages. It is safe for concurrent use.
type Pages struct {
	page *template.Template
	// policy is a Content-Security-Policy that allows only the page's own style.
	policy string
	// later is the page with the text Later, ready to be sent.
	later []byte
}

// New returns Pages.
func New() *Pages {
	hash := sha256.Sum256([]byte(pageCSS))
	p := &Pages{
		page: template.Must(template.New("shopper").Parse(pageHTML)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	p.later = p.render(Later())
	return p
}

// Write answers a visit with a page.
func (p *Pages) Write(w http.ResponseWriter, status int, text Text) {
	p.send(w, status, p.render(text))
}

// Busy answers a visit whose link may work later: 503, and when to try again.
func (p *Pages) Busy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	p.send(w, http.StatusServiceUnavailable, p.later)
}

// RefuseMethod answers a visit with a method that links do not have.
func (p *Pages) RefuseMethod(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	p.Write(w, http.StatusMethodNotAllowed, Text{
		Title: "This link is opened in another way", Text: "Links are opened with GET, as browsers do.",
		Advice: []string{"Open the link in a browser."},
	})
}

func (p *Pages) render(text Text) []byte {
	var page bytes.Buffer
	values := struct {
		Text
		Style template.CSS
	}{text, template.CSS(pageCSS)} //nolint:gosec // it is our own file
	if err := p.page.Execute(&page, values); err != nil {
		panic(err) // the page is embedded, and its values are texts
	}
	return page.Bytes()
}

func (p *Pages) send(w http.ResponseWriter, status int, page []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page) // a visitor who disconnected misses nothing
}
