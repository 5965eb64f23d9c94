package urltemplate_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestValuesMakeNoDotSegment expands templates with values of dots, slashes and escapes: neither as it is, nor decoded
// once or twice, does the path lead elsewhere.
func TestValuesMakeNoDotSegment(t *testing.T) {
	t.Parallel()
	part := rapid.StringMatching(`(\.|/|\\|%2e|%2E|%2f|%252e|%25|a|\x{202E}|\x{0085}){0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		template := "https://a.b/base/" + rapid.SampledFrom([]string{"{click_id}", "{click_id}{code}", "{click_id}.{code}", ".{click_id}", "x/{click_id}/{code}/y", "{click_id}/?q={code}"}).Draw(t, "template")
		compiled, err := compile(template)
		if err != nil {
			t.Fatal(err)
		}
		got := compiled.Expand(value(part.Draw(t, "click id"), part.Draw(t, "code")))
		whole, query, _ := strings.Cut(got, "?")
		for range 3 {
			for segment := range strings.SplitSeq(strings.ReplaceAll(strings.TrimPrefix(whole, "https://a.b/"), "\\", "/"), "/") {
				if segment == "." || segment == ".." {
					t.Fatalf("%s has the segment %s", got, segment)
				}
			}
			if !strings.HasPrefix(path.Clean("/"+strings.TrimPrefix(whole, "https://a.b/")), "/base") {
				t.Fatalf("%s leads elsewhere", got)
			}
			if whole, err = url.PathUnescape(whole); err != nil {
				break // a % that was typed
			}
		}
		if plain, err := url.QueryUnescape(query); err != nil || strings.ContainsAny(plain+whole, "\u202E\u0085") {
			t.Fatalf("%s: %v, or it has a character that steers", got, err)
		}
	})
}

func TestDotsInValues(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{
		"1.5": "1.5", "..": ".._", ".": "._", "a..b": "a..b", "...": "...", "../x": ".._%2Fx", "": "", "%2e%2E": "%252e%252E_", "a/..": "a%2F.._",
	} {
		for template, shape := range map[string]string{"https://a.b/{code}/c": "https://a.b/" + want + "/c", "https://a.b/{code}": "https://a.b/" + want} {
			compiled, err := compile(template)
			if err != nil {
				t.Fatal(err)
			}
			if got := compiled.Expand(value("", v)); got != shape {
				t.Errorf("%q in %s: %s, want %s", v, template, got, shape)
			}
		}
	}
	compiled, err := compile("https://a.b/x?c={code}#{code}")
	if err != nil {
		t.Fatal(err)
	}
	if got := compiled.ExpandWith(value("", ".."), []byte("d=1")); got != "https://a.b/x?c=..&d=1#.." {
		t.Errorf("in a query: %s", got)
	}
}

func TestCompileRefusesSteering(t *testing.T) {
	t.Parallel()
	for _, r := range "\u202E\u2066\u200F\u061C\u0085" {
		if _, err := compile("https://a.b/x" + string(r) + "y"); err == nil || !strings.Contains(err.Error(), "control characters") {
			t.Errorf("%U: %v", r, err)
		}
	}
}
