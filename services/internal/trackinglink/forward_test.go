package trackinglink_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// land returns the URL that a link's query leads to, for a landing page and an offer's list.
func land(t *testing.T, page, query string, list ...string) (location string, tooLong []string) {
	t.Helper()
	template, err := trackinglink.Compile(page)
	if err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	q, _ := trackinglink.NewQuery(query)
	added, tooLong := trackinglink.CompileForward(list).Select(q, template)
	return template.ExpandWith(trackinglink.Macros{ClickID: "k", Query: q}, added), tooLong
}

func TestForward(t *testing.T) {
	usual := trackinglink.DefaultForward()
	for _, tt := range []struct {
		page, query string
		list        []string
		want        string
	}{
		{"https://a.b/", "utm_source=x&gclid=1&other=2", usual, "https://a.b/?utm_source=x&gclid=1"},
		{"https://a.b", "utm_source=x", usual, "https://a.b?utm_source=x"},
		{"https://a.b/?", "utm_source=x", usual, "https://a.b/?utm_source=x"},
		{"https://a.b/?c=1&", "utm_source=x", usual, "https://a.b/?c=1&utm_source=x"},
		{"https://a.b/?c={click_id}#top?x={click_id}", "utm_source=x&utm_medium=y", usual, "https://a.b/?c=k&utm_source=x&utm_medium=y#top?x=k"},
		{"https://a.b/#/app", "utm_source=x", usual, "https://a.b/?utm_source=x#/app"},
		// The page's own parameters are never replaced.
		{"https://a.b/?utm_source=own&UTM_Medium={query.utm_medium}", "utm_source=x&utm_medium=y&utm_term=z", usual, "https://a.b/?utm_source=own&UTM_Medium=y&utm_term=z"},
		// Names as sent, compared without case; the first non-empty value counts.
		{"https://a.b/", "UTM_Source=&UTM_Source=x&utm_source=y&amp;gclid=1&utm_term=", usual, "https://a.b/?UTM_Source=x&gclid=1"},
		{"https://a.b/", "utm_source=a+b%26c%3Dd%2Fé%ff%0d%0aX: 1;2&gclid=50%off", usual, "https://a.b/?utm_source=a%20b%26c%3Dd%2F%C3%A9%FF%0D%0AX%3A%201%3B2&gclid=50%25off"},
		{"https://a.b/", "utm_%0d%0aX=1#2", usual, "https://a.b/?utm_%0D%0AX=1%232"},
		// Macros.
		{"https://a.b/{query.ref}/?s={query.utm_source}&n={query.none}", "ref=a/../b&utm_source=x", usual, "https://a.b/a%2F.._%2Fb/?s=x&n=&utm_source=x"},
		{"https://a.b/?c=%7Bclick_id%7D&r=%7bquery.ref%7d&x=%7Bother%7D", "ref=1", usual, "https://a.b/?c=k&r=1&x=%7Bother%7D"},
		// Other lists.
		{"https://a.b/", "utm_source=x&ref=1", []string{"ref"}, "https://a.b/?ref=1"},
		{"https://a.b/", "utm_source=x&ref=1", []string{"none"}, "https://a.b/"},
		{"https://a.b/", "ref=1&pub_id=22&pub_sub_id=s&coupon_code=C", []string{"*"}, "https://a.b/?ref=1"},
		{"https://a.b/", "ref=1&pub_id=22&pub_sub_id=s&coupon_code=C", []string{"pub_*", "Pub_Sub_ID"}, "https://a.b/?pub_sub_id=s"},
	} {
		if got, tooLong := land(t, tt.page, tt.query, tt.list...); got != tt.want || tooLong != nil {
			t.Errorf("%s by %s with %v:\ngot  %s (%v)\nwant %s", tt.page, tt.query, tt.list, got, tooLong, tt.want)
		}
	}
}

func TestForwardIsBounded(t *testing.T) {
	long, many := "utm_a="+strings.Repeat("x", 1025)+"&utm_b=1", strings.Repeat("utm_c=1&", 10)
	for i := range 100 {
		many += "&utm_" + strings.Repeat("z", i+1) + "=" + strings.Repeat("y", 100)
	}
	if got, tooLong := land(t, "https://a.b/", long, "utm_*"); got != "https://a.b/?utm_b=1" || !reflect.DeepEqual(tooLong, []string{"utm_a"}) {
		t.Errorf("got %d bytes, %v", len(got), tooLong)
	}
	if got, tooLong := land(t, "https://a.b/", many, "utm_*"); len(got) > 5000 || len(tooLong) == 0 {
		t.Errorf("got %d bytes, %v", len(got), tooLong)
	}
}

func TestCheckForward(t *testing.T) {
	many := make([]string, 51)
	for i := range many {
		many[i] = "a" + strings.Repeat("b", i)
	}
	for _, tt := range []struct {
		list, want []string
		err        string
	}{
		{nil, trackinglink.DefaultForward(), ""},
		{[]string{" utm_* ", "ref", "utm_*"}, []string{"utm_*", "ref"}, ""},
		{[]string{"none"}, []string{"none"}, ""},
		{[]string{"*"}, []string{"*"}, ""},
		{[]string{"none", "ref"}, nil, `"none" forwards nothing and must stand alone`},
		{[]string{"a b"}, nil, `"a b" is not the name of a parameter`},
		{[]string{"*_id"}, nil, `"*_id" is not the name of a parameter`},
		{[]string{"a**"}, nil, `"a**" is not`},
		{[]string{""}, nil, `"" is not`},
		{[]string{strings.Repeat("x", 65)}, nil, "is not the name"},
		{many, nil, "it has 51 names; at most 50 are allowed"},
	} {
		got, err := trackinglink.CheckForward(tt.list)
		if !reflect.DeepEqual(got, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: got %q, %v; want %q, %s", tt.list, got, err, tt.want, tt.err)
		}
	}
}

// FuzzForward checks that every link leads to the page, whatever its parameters.
func FuzzForward(f *testing.F) {
	f.Add("https://a.b/{query.x}?y={query.y}#z", "x=//evil.example&y=%0d%0a&utm_a=%23&&=&a@b=c")
	f.Add("https://a.b", "@evil.example=1&?x&%")
	f.Fuzz(func(t *testing.T, page, query string) {
		template, err := trackinglink.Compile(page)
		if err != nil {
			return
		}
		q, _ := trackinglink.NewQuery(query)
		added, _ := trackinglink.CompileForward([]string{"*", "pub_id"}).Select(q, template)
		bare, err := url.Parse(template.Expand(trackinglink.Macros{}))
		if err != nil {
			t.Fatal(err)
		}
		location := template.ExpandWith(trackinglink.Macros{Query: q}, added)
		got, err := url.Parse(location)
		if err != nil || got.Scheme != bare.Scheme || got.Host != bare.Host || got.User != nil {
			t.Fatalf("%q with %q leads to %q, %v", page, query, location, err)
		}
		for i := range len(location) {
			if location[i] <= ' ' || location[i] >= 0x7f {
				t.Fatalf("%q has the byte %#x", location, location[i])
			}
		}
	})
}
