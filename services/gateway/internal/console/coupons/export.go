package coupons

import (
	"net/http"
	"net/url"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// exportCoupons downloads the coupons of a list as CSV. It uses the API's export, so both are the same except
// for the byte order mark, which spreadsheets need.
func exportCoupons(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	if p.API == nil {
		return p.Refuse(http.StatusServiceUnavailable, "No download here", "This console runs without the API.")
	}
	l := p.ListOf("-create_time", "code", "offer", "publisher", "start_time", "expire_time")
	filter, err := couponFilter(p, r.Context(), l)
	if err != nil {
		return err
	}
	offer := r.PathValue("offer")
	if offer == "" {
		offer = "-"
	}
	req := r.Clone(r.Context())
	req.Header = http.Header{}
	req.URL = &url.URL{
		Path: "/v1/offers/" + offer + "/coupons:export", RawPath: "/v1/offers/" + url.PathEscape(offer) + "/coupons:export",
		RawQuery: url.Values{"filter": {filter}, "order_by": {l.OrderBy()}, "bom": {"true"}}.Encode(),
	}
	req.RequestURI = req.URL.RequestURI()
	p.API.ServeHTTP(w, req)
	return nil
}
