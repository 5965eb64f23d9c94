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
		"https://shop.example.com/":                                        "https://shop.example.com/",
		"http://shop.example.com:8080/{coupon_code}/{pub_id}/{offer_id}":   "http://shop.example.com:8080/SALE%20%26%20more/22/10",
		"https://shop.example.com?a={pub_click_id}&b={pub_sub_id}":         "https://shop.example.com?a=pc&b=ps%2F%C3%A9",
		"https://a.b/{pub_unique1}{pub_unique2}{pub_unique3}{pub_unique4}": "https://a.b/u1u2u3u4",
		"https://a.b/?c={click_id}#{pub_unique5}":                          "https://a.b/?c=0199-a#%7Bpub_id%7D",
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

// TestExpandAllocates checks that a click's hot path has one allocation, the URL itself.
func TestExpandAllocates(t *testing.T) {
	compiled, err := trackinglink.Compile("https://shop.example.com/?click={click_id}&code={coupon_code}")
	if err != nil {
		t.Fatal(err)
	}
	macros := values()
	if got := testing.AllocsPerRun(100, func() { compiled.Expand(macros) }); got != 1 {
		t.Errorf("%v allocations, want 1", got)
	}
}

func TestCheckTemplate(t *testing.T) {
	for template, want := range map[string]string{
		"javascript:alert(1)":   "it must be an absolute URL that begins with https:// or http://",
		"https://{pub_id}.a.b/": "it has a macro in its host",
		"https://a.b/{click_id": "it has a lone {; use braces only around a macro such as {click_id}",
		"https://a.b/{clickid}": "it has the unknown macro {clickid}; the macros are {click_id}, {coupon_code}, {pub_id}, {offer_id}, {pub_click_id}, {pub_sub_id}, {pub_unique1}, {pub_unique2}, {pub_unique3}, {pub_unique4}, {pub_unique5}",
	} {
		if err := trackinglink.CheckTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", template, err, want)
		}
	}
	if err := trackinglink.CheckTemplate("https://shop.example.com/?c={click_id}"); err != nil {
		t.Error(err)
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

// FuzzBuild checks that the link has exactly the values it was built from.
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
