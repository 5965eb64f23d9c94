package clientaddr_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

func TestOf(t *testing.T) {
	tests := []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1234", "", "203.0.113.9"},
		{"203.0.113.9:1234", "198.51.100.1", "203.0.113.9"}, // a stranger can claim anything
		{"10.0.0.5:1234", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:1234", "192.0.2.7, 198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:1234", "198.51.100.9|198.51.100.1", "198.51.100.1"}, // each proxy may add a line
		{"[fd00::1]:1234", "2001:db8::2", "2001:db8::2"},
		{"127.0.0.1:1234", "nonsense", "127.0.0.1"},
		{"[2001:db8::1]:1234", "", "2001:db8::1"},
	}
	for _, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/click", nil)
		r.RemoteAddr = tt.peer
		for line := range strings.SplitSeq(tt.forwarded, "|") {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := clientaddr.Of(r); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
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
