package gateway_test

import (
	"net/http"
	"slices"
	"testing"
)

// TestErrorsOfTheGatewayHaveLinks: errors that reach no service link to the documentation too.
func TestErrorsOfTheGatewayHaveLinks(t *testing.T) {
	t.Parallel()
	base := origin(t, &fake{})
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"a wrong method":        {http.MethodDelete, "/v1/offers", "", nil, 405},
		"a wrong method, docs":  {http.MethodPost, "/docs", "", nil, 405},
		"a wrong type":          {http.MethodPost, "/v1/offers", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"an unknown path":       {http.MethodGet, "/v1/nothing", "", nil, 404},
		"an unknown path below": {http.MethodGet, "/nothing", "", nil, 404},
		"an unreadable body":    {http.MethodPost, "/v1/offers", "{", nil, 400},
		"an unknown parameter":  {http.MethodGet, "/v1/offers?colour=red", "", nil, 400},
	} {
		r := do(t, base, c.method, c.path, c.body, c.header...)
		var links []string
		for _, detail := range r.Details {
			for _, link := range detail.Links {
				links = append(links, link.URL)
			}
		}
		if want := []string{"https://docs.example.com/errors.md#reading-a-request"}; r.status != c.status || !slices.Equal(links, want) {
			t.Errorf("%s: %d %s with the links %q, want %d with %q", name, r.status, r.reason(), links, c.status, want)
		}
	}
}
