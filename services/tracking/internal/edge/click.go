package edge

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// maxHeaderChars bounds what is kept of the User-Agent and Referer headers.
const maxHeaderChars = 512

// click serves a visit through a tracking link.
func (p *partner) click(w http.ResponseWriter, r *http.Request) {
	link, err := parseLink(r.URL.RawQuery)
	if err == nil && link.Offer == "" {
		if link.CouponCode == "" {
			err = apperr.Invalid("INVALID_OFFER_ID", "offer_id", "is missing; a tracking link looks like /click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20")
		} else {
			err = p.fillFromCode(r, &link)
		}
	}
	p.redirect(w, r, link, err)
}

// shortClick serves a visit through the spoken short form of a link.
func (p *partner) shortClick(w http.ResponseWriter, r *http.Request) {
	link, err := parseLink(r.URL.RawQuery)
	link.CouponCode = r.PathValue("code")
	if err == nil {
		err = p.fillFromCode(r, &link)
	}
	p.redirect(w, r, link, err)
}

// fillFromCode fills in the offer and publisher of a link by its code alone.
func (p *partner) fillFromCode(r *http.Request, link *trackinglink.Link) error {
	found, err := p.service.ResolveShort(r.Context(), link.CouponCode)
	link.Offer, link.Publisher, link.CouponCode = found.Offer, found.Publisher, found.CouponCode
	return err
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
			IP: clientIP(r), UserAgent: agent, Referer: keep(r.Referer()),
		})
	}
	if err != nil {
		clickError(w, r, err)
		return
	}
	header.Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// parseLink reads what a tracking link carries. Errors are InvalidArgument on the parameter.
func parseLink(rawQuery string) (trackinglink.Link, error) {
	var link trackinglink.Link
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return link, apperr.Invalid("MALFORMED_QUERY", "query", "%s", err)
	}
	fields := [...]struct {
		value *string
		names [2]string
	}{
		{&link.Offer, [2]string{"offer_id"}},
		{&link.Publisher, [2]string{"pub_id"}},
		{&link.CouponCode, [2]string{"coupon_code"}},
		{&link.PubClickID, [2]string{"pub_click_id"}},
		{&link.PubSubID, [2]string{"pub_sub_id"}},
		{&link.PubUniques[0], [2]string{"unique1", "pub_unique1"}},
		{&link.PubUniques[1], [2]string{"unique2", "pub_unique2"}},
		{&link.PubUniques[2], [2]string{"unique3", "pub_unique3"}},
		{&link.PubUniques[3], [2]string{"unique4", "pub_unique4"}},
		{&link.PubUniques[4], [2]string{"unique5", "pub_unique5"}},
	}
	for _, f := range fields {
		for _, name := range f.names {
			values, ok := query[name]
			if !ok || name == "" {
				continue
			}
			v := strings.TrimSpace(values[0])
			if err := rules.CheckText(name, v); err != nil {
				return link, err
			}
			if len(values) > 1 {
				return link, apperr.Invalid("DUPLICATE_PARAMETER", name, "stands %d times in the link; it may stand once", len(values))
			}
			if *f.value != "" && v != *f.value {
				return link, apperr.Invalid("CONFLICTING_ALIASES", name, "says %q, but %s, which means the same, says %q", v, f.names[0], *f.value)
			}
			*f.value = v
		}
	}
	if link.Publisher != "" {
		if err := rules.CheckID(link.Publisher); err != nil {
			return link, apperr.Invalid("INVALID_PUB_ID", "pub_id", "%s", err)
		}
	}
	return link, nil
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
