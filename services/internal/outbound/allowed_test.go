package outbound_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/outbound"
)

func allow(t *testing.T, list string) outbound.Allowed {
	t.Helper()
	allowed, err := outbound.ParseAllowed(list)
	if err != nil {
		t.Fatal(err)
	}
	return allowed
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestEntriesAreAsWritten(t *testing.T) {
	if got := allow(t, " 10.1.0.0/16,, Shop.internal:8080 ").Entries(); !slices.Equal(got, []string{"10.1.0.0/16", "Shop.internal:8080"}) {
		t.Errorf("got %q", got)
	}
	if got := allow(t, "").Entries(); len(got) != 0 {
		t.Errorf("of none: got %q", got)
	}
}

func TestParseAllowedRefuses(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"http://tracker.corp/":   "is a URL; write only its host, or host:port",
		"10.0.0.0/33":            "is not a range of addresses such as 10.1.0.0/16",
		"10.0.0.1/8":             "has bits after its prefix length; write 10.0.0.0/8, or the address alone",
		"::ffff:10.0.0.0/104":    "is an IPv4 range written as IPv6",
		"10.0.0.0/8:80":          "is not a range of addresses",
		"tracker.corp/path":      "is not a range of addresses",
		"*.corp":                 "must be a host, host:port or a range of addresses",
		"tracker corp":           "must be a host, host:port or a range of addresses",
		"user@tracker.corp":      "must be a host, host:port or a range of addresses",
		"tracker..corp":          "must be a host, host:port or a range of addresses",
		":8080":                  "must be a host, host:port or a range of addresses",
		"tracker.corp:":          `has the port ""; ports are 1 to 65535`,
		"tracker.corp:http":      `has the port "http"`,
		"tracker.corp:0":         `has the port "0"`,
		"tracker.corp:65536":     `has the port "65536"`,
		"[::1]:x":                `has the port "x"`,
		"[::1":                   "is not host:port",
		"fe80::1%eth0":           "has a zone",
		"127.1":                  "has an address in an unusual form; write 127.0.0.1",
		"0x7f000001:80":          "has an address in an unusual form; write 127.0.0.1",
		"10.0.0.256":             "looks like an address but is not a valid one",
		"169.254.169.254":        "is a cloud's metadata address, which is never called",
		"10.0.0.1.2":             "looks like an address but is not a valid one",
		strings.Repeat("a", 254): "must be a host, host:port or a range of addresses",
	} {
		// Valid entries around it must not hide it.
		_, err := outbound.ParseAllowed("good.example.com, " + entry + " ,10.0.0.0/8")
		if err == nil || !strings.HasPrefix(err.Error(), `COUPONLINK_ALLOWED_PRIVATE_HOSTS: the entry "`+entry+`" `+want) {
			t.Errorf("%s:\ngot  %v\nwant %s", entry, err, want)
		}
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list, url string
		allowed   bool
	}{
		{"", "http://10.0.0.1/", false},
		{" , ,", "http://10.0.0.1/", false},
		{"10.0.0.1", "http://10.0.0.1/", true},
		{"10.0.0.1", "https://10.0.0.1:9000/", true},
		{"10.0.0.1", "http://10.0.0.2/", false},
		{"10.0.0.1:8080", "http://10.0.0.1:8080/", true},
		{"10.0.0.1:8080", "http://10.0.0.1/", false},
		{"10.0.0.1:80", "http://10.0.0.1/", true},
		{"10.0.0.1:443", "https://10.0.0.1/", true},
		{"10.0.0.1:443", "http://10.0.0.1/", false},
		{"8.8.0.0/16, 10.1.0.0/16", "http://10.1.255.255:1/", true},
		{"8.8.0.0/16, 10.1.0.0/16", "http://10.2.0.0/", false},
		{"10.0.0.0/8", "http://[::ffff:10.1.2.3]/", true},
		{"::ffff:10.1.2.3", "http://10.1.2.3/", true},
		{"127.0.0.0/8", "http://localhost/", true},
		{"127.0.0.1:8080", "http://localhost:8080/", true},
		{"127.0.0.1:8080", "http://localhost/", false},
		{"::1", "http://localhost/", true},
		{"::1", "http://[::1]/", true},
		{"[::1]", "http://[::1]/", true},
		{"[::1]:8080", "http://[::1]:8080/", true},
		{"[::1]:8080", "http://[::1]/", false},
		{"fd00::/8", "http://[fd12::1]/", true},
		{"fd00::/8", "http://[fe80::1]/", false},
		{"fe80::/10", "http://[fe80::1%25eth0]/", true},
		{"localhost", "http://localhost:9/", true},
		{"localhost", "http://127.0.0.1:9/", false},
		{"localhost:8080", "http://LOCALHOST.:8080/", true},
		{"Tracker.Corp.", "http://tracker.corp/", true},
		{"tracker.corp", "http://TRACKER.corp./", true},
		{"tracker.corp", "http://a.tracker.corp/", false},
		{"tracker.corp", "http://corp/", false},
		{"größe.intern.lan", "http://xn--gre-6ka8i.intern.lan/", true},
		{"my_service", "http://my_service:8080/", true},
		{"10.0.0.0/8", "http://tracker.corp/", false},
	} {
		err := allow(t, c.list).CheckURL(parse(t, c.url))
		if (err == nil) != c.allowed {
			t.Errorf("%q, %s: %v", c.list, c.url, err)
		}
		if err != nil && (!outbound.IsBlocked(err) || !strings.Contains(err.Error(), "COUPONLINK_ALLOWED_PRIVATE_HOSTS")) {
			t.Errorf("%q, %s: %v does not say what to do", c.list, c.url, err)
		}
	}
}
