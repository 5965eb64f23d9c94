package partnerhttp

import (
	"net/http"
	"strings"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// maxHeaderChars bounds the stored User-Agent and Referer headers.
const maxHeaderChars = 512

// click serves a visit through a tracking link.
func (p *handler) click(w http.ResponseWriter, r *http.Request) {
	link, err := p.use.Clicks.ReadLink(r.Context(), r.URL.RawQuery)
	p.redirect(w, r, link, err)
}

// shortClick serves a visit through the spoken short form of a link.
func (p *handler) shortClick(w http.ResponseWriter, r *http.Request) {
	link, err := p.use.Clicks.ReadShortLink(r.Context(), r.PathValue("code"), r.URL.RawQuery)
	p.redirect(w, r, link, err)
}

// redirect stores the click and redirects the visitor, or tells the shopper what to do.
func (p *handler) redirect(w http.ResponseWriter, r *http.Request, link partner.Visited, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // a cached redirect is a lost click
	location := ""
	if err == nil {
		agent := keep(r.UserAgent())
		location, err = p.use.Clicks.Click(r.Context(), clicks.Visit{
			Link: link, Crawler: !p.visits.isShopper(r, agent),
			IP: clientaddr.Of(r), UserAgent: agent, Referer: keep(r.Referer()),
		})
	}
	if err != nil {
		p.logFault(r.Context(), r.Pattern, err)
		serveShopper(p.pages, w, r, err)
		return
	}
	header.Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// keep returns a header as it is stored: valid UTF-8 of bounded length.
func keep(value string) string {
	value = strings.ToValidUTF8(value, "�")
	if len(value) > maxHeaderChars {
		value = strings.ToValidUTF8(value[:maxHeaderChars], "")
	}
	return value
}
