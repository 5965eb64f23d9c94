package partnerhttp

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page and its style
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
)

//go:embed shopperpage.html
var shopperHTML string

//go:embed shopperpage.css
var shopperCSS string

// shopperPages are the pages for shoppers whose link leads nowhere. They say what the shopper can do, and
// reveal nothing about the installation.
type shopperPages struct {
	page *template.Template
	// policy is a Content-Security-Policy that allows only the page's own style.
	policy string
	// busy is the page for visits above the bound of clicks in flight, ready to be sent.
	busy []byte
}

// shopperText is the text of a page.
type shopperText struct {
	Title  string
	Text   string
	Advice []string
	Style  template.CSS
}

func newShopperPages() *shopperPages {
	hash := sha256.Sum256([]byte(shopperCSS))
	s := &shopperPages{
		page: template.Must(template.New("shopper").Parse(shopperHTML)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	s.busy = s.render(laterText())
	return s
}

// serve answers a visit whose link leads nowhere: 404, or 503 if it may work later.
func (s *shopperPages) serve(w http.ResponseWriter, fault error) {
	status, text := http.StatusNotFound, shopperTextFor(fault)
	header := w.Header()
	if httpStatus(fault) == http.StatusServiceUnavailable {
		status = http.StatusServiceUnavailable
		header.Set("Retry-After", rpcstatus.RetryAfter)
	}
	s.write(w, status, s.render(text))
}

// serveBusy answers a visit above the bound of clicks in flight.
func (s *shopperPages) serveBusy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	s.write(w, http.StatusServiceUnavailable, s.busy)
}

func (s *shopperPages) render(text shopperText) []byte {
	text.Style = template.CSS(shopperCSS) //nolint:gosec // it is our own file
	var page bytes.Buffer
	if err := s.page.Execute(&page, text); err != nil {
		panic(err) // the page is embedded, and its values are texts
	}
	return page.Bytes()
}

func (s *shopperPages) write(w http.ResponseWriter, status int, page []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", s.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(page) // a visitor who disconnected misses nothing
}

func laterText() shopperText {
	return shopperText{
		Title: "One moment, please", Text: "This link cannot be opened right now.",
		Advice: []string{"Wait a minute, then load this page again."},
	}
}

// shopperTextFor returns the text that a shopper reads about a fault.
func shopperTextFor(fault error) shopperText {
	e := apperr.As(fault)
	switch {
	case httpStatus(fault) == http.StatusServiceUnavailable:
		return laterText()
	case e != nil && e.Reason == attribution.CodeNotFound:
		return shopperText{
			Title: "This code is not known", Text: "Nothing was found for the code in this link.",
			Advice: []string{
				"Check the spelling: the code is at the end of the address.",
				"If you copied the link from a message, make sure that you copied all of it.",
				"Ask the person or page that gave you the code for a new link.",
			},
		}
	case e != nil && e.Reason == attribution.CodeShared:
		return shopperText{
			Title: "This link is too short", Text: "More than one offer has this code, so the code alone does not say where to go.",
			Advice: []string{
				"Ask the person or page that gave you the code for the full link.",
				"If you know the shop, go there and enter the code at checkout.",
			},
		}
	default:
		return shopperText{
			Title: "This link does not work", Text: "The offer behind it has ended, or a part of the address is missing.",
			Advice: []string{
				"If you copied the link from a message, make sure that you copied all of it.",
				"Go back to where you found the link and open it from there.",
				"If you know the shop, go there and enter your code at checkout.",
			},
		}
	}
}
