package urltemplate_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

func compile(template string) (*urltemplate.Template, error) {
	return urltemplate.Compile(template, urltemplate.Macros{Names: []string{"click_id", "code"}})
}

// value returns the values of compile's macros.
func value(clickID, code string) func(int) string {
	return func(macro int) string { return [...]string{clickID, code}[macro] }
}

func TestExpand(t *testing.T) {
	for template, want := range map[string]string{
		"https://shop.example.com":                    "https://shop.example.com",
		"https://shop.example.com/?cid={click_id}":    "https://shop.example.com/?cid=0199-a",
		"https://shop.example.com?cid={click_id}&x=1": "https://shop.example.com?cid=0199-a&x=1",
		"http://shop.example.com:8080/{code}/x":       "http://shop.example.com:8080/SALE%20%26%20%C3%A9%2F%7Bcode%7D/x",
		"https://a.b/{click_id}{click_id}#{click_id}": "https://a.b/0199-a0199-a#0199-a",
		"https://a.b/größe?q=%C3%B6&c={click_id}":     "https://a.b/gr%C3%B6%C3%9Fe?q=%C3%B6&c=0199-a",
		"HTTPS://A.b/?c={click_id}":                   "HTTPS://A.b/?c=0199-a",
		"https://[2001:db8::1]:8443/{click_id}":       "https://[2001:db8::1]:8443/0199-a",
		"https://xn--grsse-yxa.example/":              "https://xn--grsse-yxa.example/",
		"https://a.b/?next=https://c.d/@e":            "https://a.b/?next=https://c.d/@e",
		"https://a.b/" + strings.Repeat("é", 2036):    "https://a.b/" + strings.Repeat("%C3%A9", 2036),
	} {
		compiled, err := compile(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got := compiled.Expand(value("0199-a", "SALE & é/{code}")); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", template, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	const absolute = "it must be an absolute URL that begins with https:// or http://"
	for template, want := range map[string]string{
		"":                                         absolute,
		"shop.example.com":                         absolute,
		"/landing":                                 absolute,
		"//shop.example.com/":                      absolute,
		"ftp://shop.example.com/":                  absolute,
		"javascript:alert(1)":                      absolute,
		"javascript://shop.example.com/":           absolute,
		"https:shop.example.com":                   absolute,
		"{click_id}://a.b/":                        absolute,
		"https://":                                 "it has no host",
		"https:///path":                            "it has no host",
		"https://?c={click_id}":                    "it has no host",
		"https://{code}.example.com/":              "it has a macro in its host",
		"https://a.b{click_id}":                    "it has a macro in its host",
		"https://a.b:{click_id}/":                  "it has a macro in its host",
		"https://user@a.b/":                        "it has a user name before its host",
		"https://a.b@evil.example/":                "it has a user name before its host",
		"https://a b/":                             "it has the character ' '",
		"https://a.b/c d":                          "it has the character ' '; spaces and control characters must be percent-encoded",
		"https://a.b/\r\nSet-Cookie: x=1":          `it has the character '\r'`,
		"https://a.b/\x00":                         `it has the character '\x00'`,
		"https://a.b/\u2028":                       `it has the character '\u2028'`,
		"https://a.b\\@evil.example/":              `it has the character '\\', which must be percent-encoded as %5C`,
		"https://a.b/<x>":                          "percent-encoded as %3C",
		"https://a.b/\xff":                         "it is not valid UTF-8",
		"https://a.b/%zz":                          "it has a % without two hexadecimal digits",
		"https://a.b/%+1":                          "it has a % without two hexadecimal digits",
		"https://a.b/?x=%{click_id}":               "it has a % without two hexadecimal digits",
		"https://a.b/%2":                           "it has a % without two hexadecimal digits",
		"https://größe.example/":                   `its host "größe.example" is not valid; it must look like www.example.com, with other scripts as xn--…`,
		"https://a%2eb/":                           "its host",
		"https://a.b:99999/":                       "its host",
		"https://a.b:/":                            "its host",
		"https://a.b:0/":                           "its host",
		"https://a.b:x/":                           "its host",
		"https://a;b/":                             "its host",
		"https://./":                               "its host",
		"https://[::1/":                            "its host",
		"https://[::1%25eth0]/":                    "its host",
		"https://[a.b]/":                           "its host",
		"https://[127.0.0.1]/":                     "its host",
		"https://a.b/{clickid}":                    "it has the unknown macro {clickid}; the macros are {click_id}, {code}",
		"https://a.b/{}":                           "it has the unknown macro {}",
		"https://a.b/{CLICK_ID}":                   "it has the unknown macro {CLICK_ID}",
		"https://a.b/{click_id":                    "it has a lone {; use braces only around a macro such as {click_id}, and write others as %7B and %7D",
		"https://a.b/click_id}":                    "it has a lone }",
		"https://a.b/}{":                           "it has a lone }",
		"https://a.b/{{click_id}}":                 "it has the unknown macro {{click_id}",
		"https://a.b/" + strings.Repeat("x", 2037): "it has 2049 characters; at most 2048 are allowed",
	} {
		if _, err := compile(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", template, err, want)
		}
	}
}

// FuzzExpand checks that no accepted template leads to another host than its own, with any values. So no redirect is
// open, and no delivery goes elsewhere.
func FuzzExpand(f *testing.F) {
	f.Add("https://shop.example.com/{code}?c={click_id}#{click_id}", "a", "@evil.example")
	f.Add("http://a.b:80?x={code}", "//evil.example", "\r\nLocation: x")
	f.Add("https://[::1]/{click_id}{code}", "..", "\\")
	f.Add("https://a.b/%20é{click_id}", "é", "\xff")
	f.Fuzz(func(t *testing.T, template, one, two string) {
		compiled, err := compile(template)
		if err != nil {
			return
		}
		got := compiled.Expand(value(one, two))
		rest, found := strings.CutPrefix(got, authority(template))
		if !found || rest != "" && !strings.ContainsRune("/?#", rune(rest[0])) {
			t.Errorf("%q with %q and %q leads to %q", template, one, two, got)
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] >= 0x7f || got[i] == '\\' {
				t.Fatalf("%q has the byte %#x", got, got[i])
			}
		}
		if u, err := url.Parse(got); err != nil || u.User != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, authority(template)) {
			t.Errorf("%q with %q and %q is %q: %v", template, one, two, got, err)
		}
	})
}

// authority returns a URL up to the end of its host, found in another way than Compile's.
func authority(template string) string {
	slashes := strings.Index(template, "//") + 2
	for i := slashes; i < len(template); i++ {
		switch template[i] {
		case '/', '?', '#':
			return template[:i]
		}
	}
	return template
}
