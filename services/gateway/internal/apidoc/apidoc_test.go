package apidoc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
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

// TestDocumentIsOpenAPI31 checks the rules of the specification that a merge could break.
func TestDocumentIsOpenAPI31(t *testing.T) {
	t.Parallel()
	doc := load(t)
	info, _ := doc["info"].(object)
	if doc["openapi"] != "3.1.0" || info["title"] == "" || info["version"] == "" {
		t.Errorf("head: %v %v", doc["openapi"], info)
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
	for name, response := range doc["components"].(object)["responses"].(object) {
		checkExample(t, name, response.(object))
	}
}

// TestComponentNamesDiffer checks that client generators, which drop punctuation and change case, get a type for each
// component.
func TestComponentNamesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name := range load(t)["components"].(object)["schemas"].(object) {
		plain := strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(name, ""))
		if other, ok := seen[plain]; ok {
			t.Errorf("%s and %s are the same to a generator", name, other)
		}
		if seen[plain] = name; !regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`).MatchString(name) {
			t.Errorf("%s is no name for a type", name)
		}
	}
}

// at returns the part of the document at a path of names, or nil.
func at(doc object, path ...string) any {
	var node any = doc
	for _, name := range path {
		part, _ := node.(object)
		node = part[name]
	}
	return node
}

// TestDocumentSaysWhatTheProtosSay checks one example of each thing that is generated from the protos.
func TestDocumentSaysWhatTheProtosSay(t *testing.T) {
	t.Parallel()
	doc := load(t)
	parameter := func(path, method, name string) object {
		parameters, _ := at(doc, "paths", path, method, "parameters").([]any)
		for _, p := range parameters {
			if p.(object)["name"] == name {
				return p.(object)
			}
		}
		return nil
	}
	const coupon = "/v1/offers/{offer}/coupons/{coupon}"
	schemas := []string{"components", "schemas"}
	for what, c := range map[string]struct{ got, want any }{
		"a mask":                 {at(parameter(coupon, "patch", "updateMask"), "schema", "type"), "string"},
		"a condition":            {at(parameter(coupon, "patch", "If-Match"), "in"), "header"},
		"a bound of a parameter": {at(parameter("/v1/offers", "get", "pageSize"), "schema", "minimum"), 0.0},
		"a pattern":              {at(parameter("/v1/offers", "post", "offerId"), "schema", "pattern"), "^([a-z0-9][a-z0-9-]{0,62})?$"},
		"a resource's name":      {at(parameter("/v1/deliveries/{delivery}", "get", "delivery"), "required"), true},
		"what a creation needs":  {at(doc, append(schemas, "Coupon", "required")...), []any{"code", "publisher"}},
		"what a change needs":    {at(doc, append(schemas, "CouponUpdate", "required")...), nil},
		"a change's body":        {at(doc, "paths", coupon, "patch", "requestBody", "content", "application/json", "schema", "$ref"), "#/components/schemas/CouponUpdate"},
		"what only we set":       {at(doc, append(schemas, "Coupon", "properties", "trackingLink", "readOnly")...), true},
		"what a caller sets":     {at(doc, append(schemas, "Coupon", "properties", "internalNote", "readOnly")...), nil},
		"a length":               {at(doc, append(schemas, "Coupon", "properties", "internalNote", "maxLength")...), 2000.0},
		"a number of entries":    {at(doc, append(schemas, "BatchCreateCouponsRequest", "properties", "requests", "maxItems")...), 1000.0},
		"a batch's own parent":   {at(doc, append(schemas, "CreateCouponRequest", "required")...), []any{"coupon"}},
		"nested enums":           {at(doc, append(schemas, "Conversion", "properties", "status", "$ref")...), "#/components/schemas/ConversionStatus"},
		"an error's example":     {at(doc, "paths", coupon, "get", "responses", "404", "content", "application/json", "examples", "COUPON_NOT_FOUND", "value", "code"), 5.0},
		"a stale condition":      {at(doc, "paths", coupon, "patch", "responses", "412", "content", "application/json", "schema", "$ref"), "#/components/schemas/Status"},
		"a file":                 {at(doc, "paths", "/v1/links:qr", "get", "responses", "200", "content", "image/png", "schema", "format"), "binary"},
		"an event's amount":      {at(doc, append(schemas, "ConversionEventData", "properties", "payout", "$ref")...), "#/components/schemas/Money"},
		"the old webhook":        {at(doc, "webhooks", "conversionV1", "post", "requestBody", "content", "application/json", "schema", "$ref"), "#/components/schemas/ConversionEventV1"},
		"a webhook":              {at(doc, "webhooks", "conversion", "post", "requestBody", "content", "application/json", "schema", "$ref"), "#/components/schemas/ConversionEvent"},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s is %v, want %v", what, c.got, c.want)
		}
	}
}

var pathVariable = regexp.MustCompile(`\{([^}]+)\}`)

func checkParameters(t *testing.T, where, path string, op object) {
	t.Helper()
	seen := map[string]bool{}
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
		case "path":
			if p["required"] != true || !strings.Contains(path, "{"+name+"}") {
				t.Errorf("%s: path parameter %s", where, name)
			}
		case "query", "header":
		default:
			t.Errorf("%s: parameter %s in %q", where, name, in)
		}
		if schema, _ := p["schema"].(object); schema["type"] == nil && schema["$ref"] == nil {
			t.Errorf("%s: parameter %s has the schema %v", where, name, schema)
		}
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
		if code < "400" || raw.(object)["$ref"] != nil { // those are checked with the components
			continue
		}
		checkExample(t, where+" "+code, raw.(object))
	}
}

// checkExample checks that an error's response has an example.
func checkExample(t *testing.T, where string, response object) {
	t.Helper()
	content, _ := response["content"].(object)
	for mediaType, raw := range content {
		if examples, _ := raw.(object)["examples"].(object); len(examples) == 0 && raw.(object)["example"] == nil {
			t.Errorf("%s has no example as %s", where, mediaType)
		}
	}
	if len(content) == 0 {
		t.Errorf("%s has no content", where)
	}
}

func checkReferences(t *testing.T, doc object, node any) {
	t.Helper()
	switch v := node.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			rest, local := strings.CutPrefix(ref, "#/components/")
			kind, name, _ := strings.Cut(rest, "/")
			some, _ := doc["components"].(object)[kind].(object)
			if _, ok := some[name]; !local || !ok {
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
