package apidoc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/apidoc"
)

type object = map[string]any

func load(t *testing.T) object {
	t.Helper()
	raw, err := apidoc.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// operations calls visit for each operation of a document.
func operations(t *testing.T, doc object, visit func(path, method string, op object)) {
	t.Helper()
	paths, _ := doc["paths"].(object)
	for path, item := range paths {
		for method, op := range item.(object) {
			if !slices.Contains([]string{"get", "put", "post", "delete", "options", "head", "patch"}, method) {
				t.Errorf("%s has a %q", path, method)
				continue
			}
			visit(path, method, op.(object))
		}
	}
}

// TestDocumentIsOpenAPI2 checks the rules of the specification that a merge could break.
func TestDocumentIsOpenAPI2(t *testing.T) {
	t.Parallel()
	doc := load(t)
	info, _ := doc["info"].(object)
	if doc["swagger"] != "2.0" || info["title"] == "" || info["version"] == "" {
		t.Errorf("head: %v %v", doc["swagger"], info)
	}
	tags := map[string]bool{}
	for _, tag := range doc["tags"].([]any) {
		name := tag.(object)["name"].(string)
		if tags[name] {
			t.Errorf("two tags %s", name)
		}
		tags[name] = true
	}
	ids, used := map[string]bool{}, map[string]bool{}
	operations(t, doc, func(path, method string, op object) {
		where := method + " " + path
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("%s: no operationId of its own: %q", where, id)
		}
		ids[id] = true
		for _, tag := range op["tags"].([]any) {
			used[tag.(string)] = true
			if !tags[tag.(string)] {
				t.Errorf("%s: unknown tag %v", where, tag)
			}
		}
		checkParameters(t, where, path, op)
		checkResponses(t, where, op)
	})
	for tag := range tags {
		if !used[tag] {
			t.Errorf("nothing is under the tag %s", tag)
		}
	}
	checkReferences(t, doc, doc)
}

var pathVariable = regexp.MustCompile(`\{([^}]+)\}`)

func checkParameters(t *testing.T, where, path string, op object) {
	t.Helper()
	seen, bodies, forms := map[string]bool{}, 0, 0
	parameters, _ := op["parameters"].([]any)
	for _, raw := range parameters {
		p := raw.(object)
		name, _ := p["name"].(string)
		in, _ := p["in"].(string)
		if seen[in+"/"+name] || name == "" {
			t.Errorf("%s: parameter %q in %s twice, or without a name", where, name, in)
		}
		seen[in+"/"+name] = true
		switch in {
		case "body":
			bodies++
			if p["schema"] == nil {
				t.Errorf("%s: body without a schema", where)
			}
			continue
		case "path":
			if p["required"] != true || !strings.Contains(path, "{"+name+"}") {
				t.Errorf("%s: path parameter %s", where, name)
			}
		case "formData":
			forms++
		case "query", "header":
		default:
			t.Errorf("%s: parameter %s in %q", where, name, in)
		}
		if kind, _ := p["type"].(string); !slices.Contains([]string{"string", "number", "integer", "boolean", "array"}, kind) {
			t.Errorf("%s: parameter %s of type %q", where, name, kind)
		}
	}
	if bodies > 1 || bodies == 1 && forms > 0 {
		t.Errorf("%s: %d bodies and %d form fields", where, bodies, forms)
	}
	for _, match := range pathVariable.FindAllStringSubmatch(path, -1) {
		if !seen["path/"+match[1]] {
			t.Errorf("%s: {%s} is not described", where, match[1])
		}
	}
}

func checkResponses(t *testing.T, where string, op object) {
	t.Helper()
	responses, _ := op["responses"].(object)
	if len(responses) == 0 {
		t.Errorf("%s: no responses", where)
	}
	for code, raw := range responses {
		if !regexp.MustCompile(`^([1-5]\d\d|default)$`).MatchString(code) || raw.(object)["description"] == "" {
			t.Errorf("%s: response %q", where, code)
		}
	}
}

func checkReferences(t *testing.T, doc object, node any) {
	t.Helper()
	switch v := node.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			name, local := strings.CutPrefix(ref, "#/definitions/")
			if _, ok := doc["definitions"].(object)[name]; !local || !ok {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	case []any:
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	}
}

func TestDocumentHasEverything(t *testing.T) {
	t.Parallel()
	want := []string{
		"get /click", "get /c/{code}", "get /postback", "post /postback",
		"post /v1/offers", "patch /v1/offers/{offer}", "post /v1/offers/{offer}/coupons",
		"post /v1/offers/{offer}/approvals/{approval}:block", "post /v1/coupons:validate",
		"post /v1/links:build", "get /v1/conversions", "get /v1/publishers/{publisher}",
		"get /v1/reports/conversions:export", "get /v1/conversions:watch",
		"get /v1/offers/{offer}/coupons:export", "post /v1/offers/{offer}/coupons:import", "get /v1/links:qr",
	}
	got := map[string]object{}
	operations(t, load(t), func(path, method string, op object) { got[method+" "+path] = op })
	for _, w := range want {
		if got[w] == nil {
			t.Errorf("%s is missing", w)
		}
	}
	for _, w := range want[:4] {
		if security, ok := got[w]["security"].([]any); !ok || len(security) != 0 {
			t.Errorf("%s would need a key: %v", w, got[w]["security"])
		}
	}
}

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// TestPageLoadsNothingFromElsewhere: all that the page names is served here, under a policy that
// forbids the rest.
func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h, err := apidoc.New()
	if err != nil {
		t.Fatal(err)
	}
	page := get(t, h, "/docs")
	body := page.Body.String()
	policy := page.Header().Get("Content-Security-Policy")
	if page.Code != 200 || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") {
		t.Errorf("%d, policy %q", page.Code, policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 4 {
		t.Errorf("the page has %d links", len(links))
	}
	for _, link := range links {
		if link[1] == "data:," {
			continue
		}
		if resp := get(t, h, link[1]); resp.Code != 200 {
			t.Errorf("%s: %d", link[1], resp.Code)
		}
	}
	if strings.Contains(body, "<script>") {
		t.Error("the page has an inline script, which its policy forbids")
	}
}

func TestPagesForPartners(t *testing.T) {
	t.Parallel()
	h, err := apidoc.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"links.md", "postbacks.md", "presets.md"} {
		if page := get(t, h, "/docs/"+name); page.Code != 200 || page.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(page.Body.String(), "# ") {
			t.Errorf("%s: %d, %v", name, page.Code, page.Header())
		}
	}
}

func TestAssetsAreCompressedAndRevalidated(t *testing.T) {
	t.Parallel()
	h, err := apidoc.New()
	if err != nil {
		t.Fatal(err)
	}
	plain := get(t, h, "/docs/swagger-ui-bundle.js")
	zipped := get(t, h, "/docs/swagger-ui-bundle.js", "Accept-Encoding", "gzip")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() > plain.Body.Len()/2 {
		t.Errorf("%d bytes, zipped %d: %v", plain.Body.Len(), zipped.Body.Len(), zipped.Header())
	}
	for _, resp := range []*httptest.ResponseRecorder{plain, zipped} {
		again := get(t, h, "/docs/swagger-ui-bundle.js", "If-None-Match", resp.Header().Get("ETag"), "Accept-Encoding", resp.Header().Get("Content-Encoding"))
		if again.Code != http.StatusNotModified {
			t.Errorf("asked again: %d", again.Code)
		}
	}
	if plain.Header().Get("ETag") == zipped.Header().Get("ETag") {
		t.Error("two encodings have one ETag")
	}
}

// TestColumnsAreFilledIn checks that the exports' columns are named as they are now.
func TestColumnsAreFilledIn(t *testing.T) {
	document, err := apidoc.Document()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"`coupon_code`, `codes`, `click`", "`status`, `status_reason`, `outcome`", "`usage_limit`, `daily_usage_limit`, `tracking_link`"} {
		if !strings.Contains(string(document), text) {
			t.Errorf("the reference does not say %s", text)
		}
	}
	if strings.Contains(string(document), "_columns}") {
		t.Error("the reference has a placeholder left")
	}
}
