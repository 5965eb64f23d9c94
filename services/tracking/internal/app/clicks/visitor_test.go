package clicks

import "testing"

func TestKeptAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0", "::ffff:203.0.113.77": "203.0.113.0", "2001:db8:1:2:3::4": "2001:db8:1::", "fe80::1%eth0": "fe80::", "": "", "nonsense": "",
	} {
		for _, a := range []Addresses{"", AddressesTruncated} {
			if got := a.kept(address); got != want {
				t.Errorf("%q: of %s %q is kept, want %q", a, address, got, want)
			}
		}
		if full, none := AddressesFull.kept(address), AddressesNone.kept(address); full != address || none != "" {
			t.Errorf("%s: full %q, none %q", address, full, none)
		}
	}
}

func TestOriginOfReferer(t *testing.T) {
	t.Parallel()
	for referer, want := range map[string]string{
		"https://blog.example.com/me?q=illness#x": "https://blog.example.com", "https://user:pass@blog.example.com:8443/": "https://blog.example.com:8443",
		"android-app://com.example.chat/": "android-app://com.example.chat", "": "", "/path?q=1": "", "about:blank": "", "https://%zz": "", "日本": "",
	} {
		if got := originOf(referer); got != want {
			t.Errorf("%s: got %q, want %q", referer, got, want)
		}
	}
}
