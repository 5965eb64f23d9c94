package trackinglink_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

func TestBuild(t *testing.T) {
	for want, link := range map[string]trackinglink.Link{
		"https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20": {Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20"},
		"https://go.example.com/click?offer_id=10&pub_id=22":                       {Offer: "10", Publisher: "22"},
		"https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=A&pub_click_id=b&pub_sub_id=c&pub_unique1=1&pub_unique2=2&pub_unique3=3&pub_unique4=4&pub_unique5=5": {
			Offer: "10", Publisher: "22", CouponCode: "A", PubClickID: "b", PubSubID: "c", PubUniques: [5]string{"1", "2", "3", "4", "5"},
		},
		"https://go.example.com/click?offer_id=10&pub_id=22&pub_click_id={clickid}&pub_unique5=%23reqid%23": {
			Offer: "10", Publisher: "22", PubClickID: "{clickid}", PubUniques: [5]string{4: "#reqid#"},
		},
		"https://go.example.com/click?offer_id=shoes-de&pub_id=22&pub_sub_id=a%20b%26c%3D%C3%A9%25%2B%2F%3F": {
			Offer: "shoes-de", Publisher: "22", PubSubID: "a b&c=é%+/?",
		},
	} {
		for _, publicURL := range []string{"https://go.example.com", "https://go.example.com/"} {
			if got := trackinglink.Build(publicURL, link); got != want {
				t.Errorf("%+v:\ngot  %s\nwant %s", link, got, want)
			}
		}
	}
}

func TestShort(t *testing.T) {
	for code, want := range map[string]string{
		"SALEXYZ20": "http://127.0.0.1:8080/c/SALEXYZ20",
		"../a?{b}":  "http://127.0.0.1:8080/c/..%2Fa%3F%7Bb%7D",
	} {
		if got := trackinglink.Short("http://127.0.0.1:8080/", code); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
}

func values() trackinglink.Macros {
	return trackinglink.Macros{
		ClickID: "0199-a", CouponCode: "SALE & more", PubID: "22", OfferID: "10", PubClickID: "pc", PubSubID: "ps/é",
		PubUniques: [5]string{"u1", "u2", "u3", "u4", "{pub_id}"},
	}
}

func TestExpand(t *testing.T) {
	for template, want := range map[string]string{
		"https://shop.example.com":                                         "https://shop.example.com",
		"https://shop.example.com/?cid={click_id}":                         "https://shop.example.com/?cid=0199-a",
		"https://shop.example.com?cid={click_id}&x=1":                      "https://shop.example.com?cid=0199-a&x=1",
		"http://shop.example.com:8080/{coupon_code}/{pub_id}/{offer_id}":   "http://shop.example.com:8080/SALE%20%26%20more/22/10",
		"https://shop.example.com/?a={pub_click_id}&b={pub_sub_id}":        "https://shop.example.com/?a=pc&b=ps%2F%C3%A9",
		"https://a.b/{pub_unique1}{pub_unique2}{pub_unique3}{pub_unique4}": "https://a.b/u1u2u3u4",
		"https://a.b/#{pub_unique5}":                                       "https://a.b/#%7Bpub_id%7D",
		"https://a.b/größe?q=%C3%B6&c={click_id}":                          "https://a.b/gr%C3%B6%C3%9Fe?q=%C3%B6&c=0199-a",
		"HTTPS://A.b/?c={click_id}":                                        "HTTPS://A.b/?c=0199-a",
		"https://[2001:db8::1]:8443/{click_id}":                            "https://[2001:db8::1]:8443/0199-a",
		"https://xn--grsse-yxa.example/":                                   "https://xn--grsse-yxa.example/",
		"https://a.b/?next=https://c.d/@e":                                 "https://a.b/?next=https://c.d/@e",
		"https://a.b/" + strings.Repeat("é", 2036):                         "https://a.b/" + strings.Repeat("%C3%A9", 2036),
	} {
		compiled, err := trackinglink.Compile(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got := compiled.Expand(values()); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", template, got, want)
		}
	}
}

func TestExpandEmpty(t *testing.T) {
	compiled, err := trackinglink.Compile("https://a.b/{coupon_code}?c={click_id}&x=1")
	if err != nil {
		t.Fatal(err)
	}
	if got := compiled.Expand(trackinglink.Macros{}); got != "https://a.b/?c=&x=1" {
		t.Errorf("got %s", got)
	}
}

func TestCheckTemplate(t *testing.T) {
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
		"https://{pub_id}.example.com/":            "it has a macro in its host",
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
		"https://größe.example/":                   `its host "größe.example" is not valid; it must look like shop.example.com, with other scripts as xn--…`,
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
		"https://a.b/{clickid}":                    "it has the unknown macro {clickid}; the macros are {click_id}, {coupon_code}, {pub_id}, {offer_id}, {pub_click_id}, {pub_sub_id}, {pub_unique1}, {pub_unique2}, {pub_unique3}, {pub_unique4}, {pub_unique5}",
		"https://a.b/{}":                           "it has the unknown macro {}",
		"https://a.b/{CLICK_ID}":                   "it has the unknown macro {CLICK_ID}",
		"https://a.b/{click_id":                    "it has a lone {",
		"https://a.b/click_id}":                    "it has a lone }",
		"https://a.b/}{":                           "it has a lone }",
		"https://a.b/{{click_id}}":                 "it has the unknown macro {{click_id}",
		"https://a.b/" + strings.Repeat("x", 2037): "it has 2049 characters; at most 2048 are allowed",
	} {
		if err := trackinglink.CheckTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", template, err, want)
		}
	}
}

// FuzzBuild proves that the link says exactly what it was built from.
func FuzzBuild(f *testing.F) {
	f.Add("10", "22", "SALEXYZ20", "{clickid}", "a b", "#x#")
	f.Add("", "&pub_id=1", "%%X%%", "é\xff", "\r\n", "+")
	f.Fuzz(func(t *testing.T, offer, publisher, code, clickID, subID, unique string) {
		link := trackinglink.Link{Offer: offer, Publisher: publisher, CouponCode: code, PubClickID: clickID, PubSubID: subID, PubUniques: [5]string{2: unique}}
		u, err := url.Parse(trackinglink.Build("https://go.example.com", link))
		if err != nil || u.Host != "go.example.com" || u.Path != "/click" || u.Fragment != "" {
			t.Fatalf("got %v, %v", u, err)
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"offer_id": offer, "pub_id": publisher, "coupon_code": code, "pub_click_id": clickID, "pub_sub_id": subID, "pub_unique3": unique,
		} {
			if got := query.Get(name); got != want || len(query[name]) > 1 {
				t.Errorf("%s: got %q, want %q", name, query[name], want)
			}
		}
	})
}

// FuzzExpand proves that no template that is accepted, with whatever values, leads to another host
// than the template's: the redirect is never an open one.
func FuzzExpand(f *testing.F) {
	f.Add("https://shop.example.com/{coupon_code}?c={click_id}#{pub_unique1}", "a", "@evil.example")
	f.Add("http://a.b:80?x={pub_sub_id}", "//evil.example", "\r\nLocation: x")
	f.Add("https://[::1]/{pub_id}{offer_id}", "..", "\\")
	f.Add("https://a.b/%20é{pub_click_id}", "é", "\xff")
	f.Fuzz(func(t *testing.T, template, one, two string) {
		compiled, err := trackinglink.Compile(template)
		if err != nil {
			return
		}
		got := compiled.Expand(trackinglink.Macros{
			ClickID: one, CouponCode: two, PubID: one, OfferID: two, PubClickID: one, PubSubID: two, PubUniques: [5]string{one, two, one, two, one},
		})
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

// authority returns a URL up to where its host ends, found another way than Compile does it.
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

func BenchmarkBuild(b *testing.B) {
	link := trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20"}
	for b.Loop() {
		trackinglink.Build("https://go.example.com", link)
	}
}

func BenchmarkExpand(b *testing.B) {
	compiled, err := trackinglink.Compile("https://shop.example.com/?click={click_id}&code={coupon_code}")
	if err != nil {
		b.Fatal(err)
	}
	macros := trackinglink.Macros{ClickID: "0199c1f2-7a3b-7c4d-8e5f-0123456789ab", CouponCode: "SALEXYZ20"}
	for b.Loop() {
		compiled.Expand(macros)
	}
}
