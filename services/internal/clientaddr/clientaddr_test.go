package clientaddr_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

// TestProxies has the address that a handler sees, behind 10.1.0.0/16 and the machine's own proxies.
func TestProxies(t *testing.T) {
	proxies, err := clientaddr.ParseProxies(" loopback,10.1.0.0/16, 2001:db8:ffff::7,")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1234", "", "203.0.113.9"},
		{"203.0.113.9:1234", "198.51.100.1", "203.0.113.9"}, // a stranger can claim anything
		{"10.1.0.5:1234", "198.51.100.1", "198.51.100.1"},
		{"10.2.0.5:1234", "198.51.100.1", "10.2.0.5"}, // a private address alone is no reason to believe it
		{"192.168.0.5:1234", "198.51.100.1", "192.168.0.5"},
		{"10.1.0.5:1234", "192.0.2.7, 198.51.100.1, 10.1.0.6,127.0.0.1", "198.51.100.1"},
		{"10.1.0.5:1234", "198.51.100.1, 10.2.0.5, 10.1.0.6", "10.2.0.5"},
		{"10.1.0.5:1234", "10.1.0.7, 10.1.0.6", "10.1.0.7"}, // the first of our own
		{"10.1.0.5:1234", "198.51.100.1, unknown, 10.1.0.6", "10.1.0.6"},
		{"10.1.0.5:1234", "198.51.100.1,", "10.1.0.5"},
		{"10.1.0.5:1234", "198.51.100.1:4711", "198.51.100.1"},
		{"10.1.0.5:1234", "[2001:db8::2]:4711", "2001:db8::2"},
		{"10.1.0.5:1234", "::ffff:198.51.100.1", "198.51.100.1"},
		{"[::ffff:10.1.0.5]:1234", "198.51.100.1", "198.51.100.1"},
		{"[2001:db8:ffff::7]:1234", "2001:db8::2", "2001:db8::2"},
		{"[2001:db8:ffff::8]:1234", "2001:db8::2", "2001:db8:ffff::8"},
		{"127.0.0.1:1234", "192.0.2.7, 198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:1234", "198.51.100.9|198.51.100.1", "198.51.100.1"}, // each proxy may add a line
		{"[fd00::1]:1234", "2001:db8::2", "fd00::1"},
		{"127.0.0.1:1234", "nonsense", "127.0.0.1"},
		{"[2001:db8::1]:1234", "", "2001:db8::1"},
	}
	for _, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/click", nil)
		r.RemoteAddr = tt.peer
		for line := range strings.SplitSeq(tt.forwarded, "|") {
			r.Header.Add("X-Forwarded-For", line)
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		seen, forwarded := "", http.Header{}
		proxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			seen = clientaddr.Of(r)
			clientaddr.Forward(forwarded, r)
		})).ServeHTTP(httptest.NewRecorder(), r)
		if seen != tt.want || forwarded.Get("X-Forwarded-For") != tt.want || len(forwarded.Values("X-Forwarded-For")) != 1 {
			t.Errorf("%+v: got %s, and %v for the next process", tt, seen, forwarded)
		}
		isOurs := strings.HasPrefix(tt.peer, "10.1.") || strings.HasPrefix(tt.peer, "127.") || strings.Contains(tt.peer, "ffff:10.1.") || strings.Contains(tt.peer, "ffff::7")
		if got := forwarded.Get("X-Forwarded-Proto") == "https"; got != isOurs {
			t.Errorf("%+v: the scheme is believed: %v", tt, got)
		}
	}
}

func TestParseProxies(t *testing.T) {
	for _, text := range []string{"10.0.0.0/99", "example.com", "0.0.0.0/0", "::/0", "10.0.0.1 10.0.0.2", "::ffff:10.0.0.0/104"} {
		if _, err := clientaddr.ParseProxies(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for text, want := range map[string]string{"": "10.0.0.1", "none": "10.0.0.1", "loopback": "10.0.0.1", "private": "203.0.113.7", "10.0.0.1": "203.0.113.7", "10.0.0.9/30": "10.0.0.1"} {
		proxies, err := clientaddr.ParseProxies(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/click", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		proxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := clientaddr.Of(r); got != want {
				t.Errorf("%q: got %s, want %s", text, got, want)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestOwner(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.9":          "203.0.113.9/32",
		"::ffff:203.0.113.9":   "203.0.113.9/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
		"nonsense":             "invalid Prefix",
	} {
		if got := clientaddr.Owner(address).String(); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
