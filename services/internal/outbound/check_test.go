package outbound_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// refusesInside checks that each host is refused, and words of the error.
func refusesInside(t *testing.T, hosts map[string]string) {
	t.Helper()
	for host, want := range hosts {
		for _, u := range []string{"http://" + host + "/", "https://" + host + ":8443?x=1"} {
			err := outbound.Allowed{}.CheckURL(parse(t, u))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s:\ngot  %v\nwant %s", u, err, want)
			} else if !outbound.IsBlocked(err) || !strings.HasSuffix(err.Error(), "COUPONLINK_ALLOWED_PRIVATE_HOSTS") {
				t.Errorf("%s: %v does not say what to do", u, err)
			}
		}
	}
}

func TestCheckURLRefusesAddresses(t *testing.T) {
	t.Parallel()
	refusesInside(t, map[string]string{
		"127.0.0.1":             "its host 127.0.0.1 is a loopback address; only the operator can allow it, with COUPONLINK_ALLOWED_PRIVATE_HOSTS",
		"127.255.255.254":       "a loopback address",
		"10.0.0.1":              "a private address",
		"172.16.0.1":            "a private address",
		"172.31.255.255":        "a private address",
		"192.168.1.1":           "a private address",
		"100.64.0.1":            "an address inside a carrier's network",
		"169.254.1.1":           "a link-local address",
		"0.0.0.0":               "the unspecified address",
		"0.1.2.3":               "reserved",
		"224.0.0.1":             "a link-local address",
		"239.1.1.1":             "a multicast address",
		"255.255.255.255":       "reserved",
		"192.0.2.1":             "reserved",
		"198.18.0.1":            "reserved",
		"[::]":                  "the unspecified address",
		"[::1]":                 "a loopback address",
		"[fe80::1]":             "a link-local address",
		"[fe80::1%25eth0]":      "a link-local address",
		"[2606:4700::1%25eth0]": "reserved",
		"[fc00::1]":             "a private address",
		"[fd00:ec2::1]":         "a private address",
		"[ff02::1]":             "a link-local address",
		"[ff0e::1]":             "a multicast address",
		"[::ffff:127.0.0.1]":    "its host ::ffff:127.0.0.1 is 127.0.0.1, a loopback address",
		"[::ffff:a9fe:101]":     "is 169.254.1.1, a link-local address",
		"[::127.0.0.1]":         "reserved",
		"[64:ff9b::10.0.0.1]":   "reserved",
		"[2002:7f00:1::]":       "reserved",
		"[2001:db8::1]":         "reserved",
	})
}

func TestCheckURLRefusesOddForms(t *testing.T) {
	t.Parallel()
	refusesInside(t, map[string]string{
		"127.1":            "its host 127.1 is 127.0.0.1, a loopback address",
		"127.0.1":          "is 127.0.0.1, a loopback address",
		"127.65535":        "is 127.0.255.255, a loopback address",
		"2130706433":       "is 127.0.0.1, a loopback address",
		"0x7f000001":       "is 127.0.0.1, a loopback address",
		"0X7F.0x0.0x0.0x1": "is 127.0.0.1, a loopback address",
		"0x7f.1":           "is 127.0.0.1, a loopback address",
		"017700000001":     "is 127.0.0.1, a loopback address",
		"0177.0.0.1":       "is 127.0.0.1, a loopback address",
		"0177.0.0.0x1":     "is 127.0.0.1, a loopback address",
		"127.0.0.1.":       "is 127.0.0.1, a loopback address",
		"0":                "is 0.0.0.0, the unspecified address",
		"0x":               "is 0.0.0.0, the unspecified address",
		"012.0.0.1":        "is 10.0.0.1, a private address",
		"2851995905":       "is 169.254.1.1, a link-local address",
		"１２７.0.0.1":        "is 127.0.0.1, a loopback address",
		"127。0。0。1":        "is 127.0.0.1, a loopback address",
	})
}

func TestCheckURLRefusesNames(t *testing.T) {
	t.Parallel()
	refusesInside(t, map[string]string{
		"localhost":                "its host localhost is this machine itself",
		"LOCALHOST":                "this machine itself",
		"localhost.":               "this machine itself",
		"ⓛocalhost":                "this machine itself",
		"db.localhost":             "this machine itself",
		"db":                       "its host db has no dot, so it is a name inside the network",
		"printer.local":            "its host printer.local is a name inside the network",
		"metadata.google.internal": "a name inside the network",
		"a.svc.cluster.local":      "a name inside the network",
		"tracking.prod.svc":        "a name inside the network",
		"nas.home.arpa":            "a name inside the network",
		"home.arpa":                "a name inside the network",
		"NAS.LAN.":                 "a name inside the network",
		"localhost.localdomain":    "a name inside the network",
		"wiki.corp":                "a name inside the network",
	})
}

func TestCheckURLRefusesNonsense(t *testing.T) {
	t.Parallel()
	for u, want := range map[string]string{
		"":                      "it has no host",
		"/path":                 "it has no host",
		"http://:80/":           "it has no host",
		"ftp://a.example.com/":  "it must begin with https:// or http://",
		"//a.example.com/":      "it must begin with https:// or http://",
		"http://a.b.com:0/":     "it has the port 0; ports are 1 to 65535",
		"http://a.b.com:99999/": "it has the port 99999",
		"http://134744072/":     `its host "134744072" is an address in an unusual form; write 8.8.8.8`,
		"http://010.0.0.1/":     `its host "010.0.0.1" is an address in an unusual form; write 8.0.0.1`,
		"http://8.8.8.8./":      `its host "8.8.8.8." is an address in an unusual form; write 8.8.8.8`,
		"http://4294967296/":    `its host "4294967296" is neither a name nor an address`,
		"http://1.2.3.256/":     "neither a name nor an address",
		"http://1.2.3.4.5/":     "neither a name nor an address",
		"http://256.1/":         "neither a name nor an address",
		"http://09.0.0.1/":      "neither a name nor an address",
		"http://example.0x7f/":  "neither a name nor an address",
		"http://a..b.com/":      `its host "a..b.com" is not a valid name`,
		"http://a;b.com/":       "is not a valid name",
		"http://a.com../":       "is not a valid name",
		"http://a\u2028b.com/":  "is not a valid name",
		"http://" + strings.Repeat("a.", 127) + "com/": "is not a valid name",
	} {
		err := allow(t, "0.0.0.0/0, ::/0").CheckURL(parse(t, u))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", u, err, want)
		}
		if outbound.IsBlocked(err) {
			t.Errorf("%s: %v is no refusal of an inside host", u, err)
		}
	}
}

func TestCheckURLTakesOutside(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"http://example.com", "https://pub.example.com:8443/postback?id={conversion_id}", "HTTPS://Pub.Example.COM./",
		"http://8.8.8.8/", "http://[2606:4700::1111]:8080/", "http://[::ffff:8.8.8.8]/", "http://172.32.0.1/", "http://100.128.0.1/",
		"https://größe.example/", "https://xn--gre-6ka8i.example/", "https://my_tracker.example.com/", "https://10.example.com/",
		"https://localhost.example.com/", "https://internal.example.com/", "https://127.0.0.1.example.com/", "https://0x7f.com/",
	} {
		if err := (outbound.Allowed{}).CheckURL(parse(t, u)); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// TestOddFormsOfInside checks random internal addresses in all forms that resolvers accept.
func TestOddFormsOfInside(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(rt *rapid.T) {
		first := rapid.SampledFrom([]byte{0, 10, 127, 224, 255}).Draw(rt, "first")
		bytes := [4]byte{first, rapid.Byte().Draw(rt, "second"), rapid.Byte().Draw(rt, "third"), rapid.Byte().Draw(rt, "fourth")}
		parts := rapid.IntRange(1, 4).Draw(rt, "parts")
		var labels []string
		for i := range parts {
			n := uint64(bytes[i])
			if i == parts-1 {
				for _, b := range bytes[i+1:] {
					n = n<<8 | uint64(b)
				}
			}
			labels = append(labels, fmt.Sprintf(rapid.SampledFrom([]string{"%d", "0%o", "0x%x", "0X%X", "0x0%x"}).Draw(rt, "form"), n))
		}
		u := &url.URL{Scheme: "http", Host: strings.Join(labels, ".")}
		if err := (outbound.Allowed{}).CheckURL(u); !outbound.IsBlocked(err) {
			rt.Fatalf("%v, which is %v: %v", u, netip.AddrFrom4(bytes), err)
		}
	})
}
