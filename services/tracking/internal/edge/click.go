package edge

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
)

// maxHeaderChars bounds what is kept of the User-Agent and Referer headers.
const maxHeaderChars = 512

// click serves a visit through a tracking link.
func (p *partner) click(w http.ResponseWriter, r *http.Request) {
	link, err := p.service.ReadLink(r.Context(), r.URL.RawQuery)
	p.redirect(w, r, link, err)
}

// shortClick serves a visit through the spoken short form of a link.
func (p *partner) shortClick(w http.ResponseWriter, r *http.Request) {
	link, err := p.service.ReadShortLink(r.Context(), r.PathValue("code"), r.URL.RawQuery)
	p.redirect(w, r, link, err)
}

// redirect stores the click and sends the visitor on, or says why it cannot.
func (p *partner) redirect(w http.ResponseWriter, r *http.Request, link trackinglink.Link, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // a cached redirect is a lost click
	location := ""
	if err == nil {
		agent := keep(r.UserAgent())
		location, err = p.service.Click(r.Context(), flow.Visit{
			Link: link, Crawler: r.Method == http.MethodHead || p.crawlers.made(agent),
			IP: clientaddr.Of(r), UserAgent: agent, Referer: keep(r.Referer()),
		})
	}
	if err != nil {
		clickError(w, r, err)
		return
	}
	header.Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// clickError shows a visitor, or the partner who tries a link, what is wrong with it.
func clickError(w http.ResponseWriter, r *http.Request, err error) {
	logFault(r.Context(), r.URL.Path, err)
	status := httpStatus(err)
	title, text := "This link is not known", "The offer behind this link does not exist, or no longer does."
	switch status {
	case http.StatusBadRequest:
		title, text = "This link is not complete", err.Error()
	case http.StatusServiceUnavailable:
		title, text = "One moment, please", "This link cannot be opened right now. Please try again."
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(status)
	page := fmt.Sprintf("<!doctype html>\n<html lang=\"en\">\n<title>%s</title>\n<h1>%s</h1>\n<p>%s</p>\n", title, title, html.EscapeString(text))
	_, _ = io.WriteString(w, page) // a visitor who has gone gets nothing
}

// keep returns what is stored of a header: valid UTF-8, of bounded length.
func keep(value string) string {
	value = strings.ToValidUTF8(value, "�")
	if len(value) > maxHeaderChars {
		value = strings.ToValidUTF8(value[:maxHeaderChars], "")
	}
	return value
}
