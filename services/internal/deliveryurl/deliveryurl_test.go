package deliveryurl_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func names() []string {
	return []string{
		"conversion_id", "event", "status", "method", "offer_id", "pub_id", "coupon_code", "click_id", "pub_click_id", "pub_sub_id",
		"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5", "transaction_id", "amount", "currency",
		"refunded_amount", "payout", "payout_currency", "conversion_time", "conversion_time_unix", "delivery_id",
		"type", "sequence",
	}
}

// values returns macros with a different value for each, in the order of the names.
func values(t *testing.T, next func() string) deliveryurl.Macros {
	t.Helper()
	var macros deliveryurl.Macros
	fields := reflect.ValueOf(&macros).Elem()
	count := 0
	for i := range fields.NumField() {
		switch field := fields.Field(i); field.Kind() {
		case reflect.String:
			field.SetString(next())
			count++
		case reflect.Array:
			for k := range field.Len() {
				field.Index(k).SetString(next())
				count++
			}
		default:
			t.Fatalf("a macro is a %v", field.Kind())
		}
	}
	if count != len(names()) {
		t.Fatalf("%d macros, want %d", count, len(names()))
	}
	return macros
}

// TestEachMacro uses the fields' own names as values, so a value in the wrong place shows.
func TestEachMacro(t *testing.T) {
	left := names()
	macros := values(t, func() string {
		name := left[0]
		left = left[1:]
		return "value of " + name
	})
	for _, name := range names() {
		compiled, err := deliveryurl.Compile("https://a.b/?x={" + name + "}&y=1")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := compiled.Expand(macros), "https://a.b/?x=value%20of%20"+name+"&y=1"; got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestExpand(t *testing.T) {
	macros := deliveryurl.Macros{
		ConversionID: "0199-a", Status: "APPROVED", PubClickID: "a+b/c=", Payout: "7.50", PayoutCurrency: "EUR",
		ConversionTime: "2026-11-22T16:17:00Z", ConversionTimeUnix: "1795364220",
	}
	for template, want := range map[string]string{
		"https://pub.example.com/postback":                                      "https://pub.example.com/postback",
		"https://pub.example.com/{status}/?id={conversion_id}&c={pub_click_id}": "https://pub.example.com/APPROVED/?id=0199-a&c=a%2Bb%2Fc%3D",
		"http://pub.example.com:8080?p={payout}{payout_currency}&tx={amount}":   "http://pub.example.com:8080?p=7.50EUR&tx=",
		"https://pub.example.com/?t={conversion_time}&u={conversion_time_unix}": "https://pub.example.com/?t=2026-11-22T16%3A17%3A00Z&u=1795364220",
		"https://[2606:4700::1]/größe":                                          "https://[2606:4700::1]/gr%C3%B6%C3%9Fe",
	} {
		compiled, err := deliveryurl.Compile(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got := compiled.Expand(macros); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", template, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	const absolute = "it must be an absolute URL that begins with https:// or http://"
	for template, want := range map[string]string{
		"":                                          absolute,
		"pub.example.com/postback":                  absolute,
		"javascript:alert(1)":                       absolute,
		"javascript://pub.example.com/%0a":          absolute,
		"file:///etc/passwd":                        absolute,
		"{conversion_id}":                           absolute,
		"https://":                                  "it has no host; it must look like https://www.example.com/",
		"https://{pub_id}.example.com/":             "it has a macro in its host; macros must come after the / or ? that follows the host",
		"https://a.b:{pub_id}/":                     "it has a macro in its host",
		"https://user:secret@a.b/":                  "it has a user name before its host",
		"https://a.b/?x={payouts}":                  "it has the unknown macro {payouts}; the macros are {" + strings.Join(names(), "}, {") + "}",
		"https://a.b/?x={landing_page_url}":         "it has the unknown macro {landing_page_url}",
		"https://a.b/?x={payout":                    "it has a lone {; use braces only around a macro such as {conversion_id}",
		"https://a.b/?x=#reqid#":                    "it has a #, and nothing after it is ever sent",
		"https://a.b/#{payout}":                     "it has a #, and nothing after it is ever sent",
		"https://a.b/ x":                            "it has the character ' '",
		"https://a.b/?" + strings.Repeat("x", 2048): "it has 2061 characters; at most 2048 are allowed",
	} {
		if err := deliveryurl.Check(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", template, err, want)
		}
	}
	if err := deliveryurl.Check("https://a.b/?x={payout}"); err != nil {
		t.Error(err)
	}
}

// TestExpandKeepsHost checks that no value changes the scheme, host or path, and that each arrives unchanged in its own
// parameter.
func TestExpandKeepsHost(t *testing.T) {
	query := make([]string, 0, len(names()))
	for _, name := range names() {
		query = append(query, name+"={"+name+"}")
	}
	compiled, err := deliveryurl.Compile("https://pub.example.com:8443/postback?" + strings.Join(query, "&"))
	if err != nil {
		t.Fatal(err)
	}
	value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[@:/?#\\&=%{}\r\n.]{1,8}(evil\.example)?`))
	propertytest.Check(t, func(rt *rapid.T) {
		var drawn []string
		macros := values(t, func() string {
			drawn = append(drawn, value.Draw(rt, "value"))
			return drawn[len(drawn)-1]
		})
		u, err := url.Parse(compiled.Expand(macros))
		if err != nil {
			rt.Fatal(err)
		}
		if u.Scheme != "https" || u.Host != "pub.example.com:8443" || u.User != nil || u.Path != "/postback" || u.Fragment != "" {
			rt.Fatalf("leads to %v", u)
		}
		got, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(got) != len(names()) {
			rt.Fatalf("%v, %v", got, err)
		}
		for i, name := range names() {
			if len(got[name]) != 1 || got.Get(name) != pasted.WithoutSteering(drawn[i]) {
				rt.Errorf("%s: got %q, want %q", name, got[name], drawn[i])
			}
		}
	})
}

// FuzzCompile checks that an accepted template leads to its own host with any values, and results in a valid URL.
func FuzzCompile(f *testing.F) {
	f.Add("https://pub.example.com/postback?id={conversion_id}&p={payout}", "@evil.example")
	f.Add("http://a.b:80?x={pub_unique5}", "\r\nHost: evil.example")
	f.Add("https://[::1]/{status}/{click_id}", "\\..")
	f.Add("HTTPS://A.b/%20é{delivery_id}", "\xff")
	f.Add("https://a.b@c.d/#{amount}", "{payout}")
	f.Fuzz(func(t *testing.T, template, value string) {
		compiled, err := deliveryurl.Compile(template)
		if (err == nil) != (deliveryurl.Check(template) == nil) {
			t.Fatalf("%q: Compile and Check differ: %v", template, err)
		}
		if err != nil {
			return
		}
		empty, err := url.Parse(compiled.Expand(deliveryurl.Macros{}))
		if err != nil {
			t.Fatal(err)
		}
		got := compiled.Expand(values(t, func() string { return value }))
		u, err := url.Parse(got)
		if err != nil || u.Scheme != empty.Scheme || u.Host != empty.Host || u.User != nil || u.Fragment != "" {
			t.Errorf("%q with %q leads to %q: %v", template, value, got, err)
		}
		if named := strings.ToLower(template); !strings.HasPrefix(named, u.Scheme+"://"+strings.ToLower(u.Host)) {
			t.Errorf("%q with %q leads to %q", template, value, got)
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] >= 0x7f || got[i] == '\\' {
				t.Fatalf("%q has the byte %#x", got, got[i])
			}
		}
	})
}
