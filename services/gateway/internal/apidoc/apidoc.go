// Package apidoc serves the API reference: the OpenAPI document, Swagger UI to browse it, and the pages for
// partners. Everything is embedded; nothing is loaded from other sites.
//
// Only the gateway imports it.
package apidoc

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"strings"

	"github.com/couponlink/couponlink/docs"
	"github.com/couponlink/couponlink/gen"
	"github.com/couponlink/couponlink/services/internal/columns"
)

// partnerDoc describes what is not gRPC and therefore not generated: clicks, postbacks, exports and imports
// of files, images, and the webhooks that publishers get. {conversion_columns} and {coupon_columns} stand for the
// columns of the exports.
//
//go:embed partner.json
var partnerDoc []byte

// The assets are the page and an unmodified release of Swagger UI, which the page starts.
//
//go:embed page/index.html page/init.js
//go:embed third_party/swagger-ui/swagger-ui-bundle.js third_party/swagger-ui/swagger-ui.css
var assets embed.FS

// contentSecurityPolicy allows only files from, and calls to, the page's own origin. Swagger UI needs inline
// styles, but no inline scripts.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// New returns the handler of /openapi.json, /docs and /docs/.
func New() (http.Handler, error) {
	document, err := Document()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /openapi.json", newAsset("application/json", document))
	for path, file := range map[string]struct{ path, contentType string }{
		"/docs":                      {"page/index.html", "text/html; charset=utf-8"},
		"/docs/{$}":                  {"page/index.html", "text/html; charset=utf-8"},
		"/docs/init.js":              {"page/init.js", "text/javascript; charset=utf-8"},
		"/docs/swagger-ui-bundle.js": {"third_party/swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
		"/docs/swagger-ui.css":       {"third_party/swagger-ui/swagger-ui.css", "text/css; charset=utf-8"},
	} {
		content, err := assets.ReadFile(file.path)
		if err != nil {
			return nil, fmt.Errorf("reading an asset: %w", err)
		}
		mux.Handle("GET "+path, withPolicy(newAsset(file.contentType, content)))
	}
	return mux, addPages(mux)
}

// addPages serves the pages for partners and callers as plain text.
func addPages(mux *http.ServeMux) error {
	return fs.WalkDir(docs.Pages, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(docs.Pages, path)
		if err != nil {
			return fmt.Errorf("reading a page: %w", err)
		}
		mux.Handle("GET /docs/"+path, withPolicy(newAsset("text/plain; charset=utf-8", content)))
		return nil
	})
}

func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// document has the parts of an OpenAPI document that Document merges.
type document struct {
	Tags       []tag                                 `json:"tags"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Webhooks   json.RawMessage                       `json:"webhooks"`
	Components map[string]map[string]json.RawMessage `json:"components"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Document returns the OpenAPI document of everything that the origin serves: the part generated from the
// protos, and partnerDoc.
func Document() ([]byte, error) {
	var whole map[string]json.RawMessage
	var api, partner document
	for _, in := range []struct {
		name    string
		content []byte
		into    any
	}{{"generated", gen.OpenAPI, &whole}, {"generated", gen.OpenAPI, &api}, {"partners'", withColumns(partnerDoc), &partner}} {
		if err := json.Unmarshal(in.content, in.into); err != nil {
			return nil, fmt.Errorf("the %s OpenAPI document: %w", in.name, err)
		}
	}
	maps.Copy(api.Paths, partner.Paths)
	maps.Copy(api.Components["schemas"], partner.Components["schemas"])
	parts := map[string]any{"tags": append(api.Tags, partner.Tags...), "paths": api.Paths, "webhooks": partner.Webhooks, "components": api.Components}
	for key, value := range parts {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("the OpenAPI document: %w", err)
		}
		whole[key] = encoded
	}
	return json.Marshal(whole)
}

// withColumns fills in the names of the exports' columns.
func withColumns(document []byte) []byte {
	list := func(all []columns.Column) string {
		return "`" + strings.Join(columns.Names(columns.Exported(all)), "`, `") + "`"
	}
	return []byte(strings.NewReplacer(
		"{conversion_columns}", list(columns.Conversions()), "{coupon_columns}", list(columns.Coupons()),
	).Replace(string(document)))
}
