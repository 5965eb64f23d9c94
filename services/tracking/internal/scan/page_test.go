package scan

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"0; url=/a":                    "/a",
		"0;URL='/a b'":                 "/a b",
		`3 , url = "/a?x=';'"tail`:     "/a?x=';'",
		"0.5; url=https://a/?url=b":    "https://a/?url=b",
		"; url=/a":                     "/a",
		"10; url=/a":                   "/a",
		"11; url=/a":                   "",
		"99999999999999999999; url=/a": "",
		"5":                            "",
		"0; url=":                      "",
		"0; url=''":                    "",
		"":                             "",
		"soon; url=/a":                 "",
	} {
		if got, ok := refresh(content); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", content, got, ok)
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"location = '/a'":                   "/a",
		"location='/a?b=c'":                 "/a?b=c",
		"x();location.href=\"https://a/\"":  "https://a/",
		"window.location.replace('/a')":     "/a",
		"top.location.assign(`/a`)":         "/a",
		"document.location=next()":          "computed",
		"location.href = '/a' + x":          "/a",
		"location.replace(url)":             "computed",
		"if (location == '/a') x()":         "none",
		"if (location.href === '/a') x()":   "none",
		"store.location = '/a'":             "none",
		"mylocation = '/a'":                 "none",
		"var href = location.href; f(href)": "none",
		"location.hash = 'top'":             "none",
		"location.reload()":                 "none",
	} {
		got, ok := scriptTarget([]byte(script))
		switch {
		case !ok:
			got = "none"
		case got == "":
			got = "computed"
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", script, got, want)
		}
	}
}

// FuzzSearch: pages are others', whatever is in them.
func FuzzSearch(f *testing.F) {
	f.Add(`<meta http-equiv=refresh content="0;url=x"><script>location='a'</script>`)
	f.Add("<noscript></template><script>")
	f.Add(strings.Repeat("<", 1000))
	f.Fuzz(func(t *testing.T, page string) {
		kind, location := search(strings.NewReader(page))
		if kind == redirect.HTTPHop || kind == redirect.NoHop && location != "" || kind == redirect.MetaRefresh && location == "" {
			t.Errorf("%q: got %s, %q", page, kind, location)
		}
	})
}
