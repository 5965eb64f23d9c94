package console

import (
	"net/http"
	"net/url"

	"github.com/couponlink/couponlink/services/internal/bearer"
)

// withKey returns the API with the admin key on every request; nil where there is no API.
func withKey(api http.Handler, adminKey string) http.Handler {
	if api == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", bearer.Header(adminKey))
		api.ServeHTTP(w, r)
	})
}

// exportCoupons downloads the coupons of a list as CSV. It uses the API's export, so both are the same except
// for the byte order mark, which spreadsheets need.
func exportCoupons(w http.ResponseWriter, r *http.Request, p *page) error {
	if p.api == nil {
		return p.refuse(http.StatusServiceUnavailable, "No download here", "This console runs without the API.")
	}
	l := p.listOf("-create_time", "code", "offer", "publisher", "start_time", "expire_time")
	filter, err := p.couponFilter(r.Context(), l)
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
	p.api.ServeHTTP(w, req)
	return nil
}
