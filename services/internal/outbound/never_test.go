package outbound_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/outbound"
)

// TestNeverCalled checks that nothing that an operator can set opens clouds' metadata: not as addresses, and not as what
// an allowed name turns out to be.
func TestNeverCalled(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200", "192.0.0.192",
		"::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "::a9fe:a9fe",
	} {
		const everything = "0.0.0.0/1,128.0.0.0/1,::/1,8000::/1,shop.internal"
		host := address
		if strings.Contains(address, ":") {
			host = "[" + address + "]"
		}
		err := allow(t, everything).CheckURL(parse(t, "http://"+host+"/"))
		if err == nil || !outbound.IsBlocked(err) || !strings.Contains(err.Error(), "never called") || strings.Contains(err.Error(), "COUPONLINK_ALLOWED_PRIVATE_HOSTS") {
			t.Errorf("%s: CheckURL: %v", address, err)
		}
		dns := &names{answers: map[string][]netip.Addr{}}
		c := client(t, everything, outbound.WithResolver(dns.resolver(t)))
		if _, err := get(t, c, "http://"+host+"/"); err == nil || !outbound.IsBlocked(err) {
			t.Errorf("%s: called: %v", address, err)
		}
		ip := netip.MustParseAddr(address)
		if !ip.Is4() {
			continue // this server answers with IPv4 addresses
		}
		for _, name := range []string{"shop.internal.", "shop.example.com."} {
			dns.answers[name] = []netip.Addr{ip}
			if _, err := get(t, c, "http://"+strings.TrimSuffix(name, ".")+"/"); err == nil || !outbound.IsBlocked(err) || !strings.Contains(err.Error(), "never called") {
				t.Errorf("%s under the name %s: %v", address, name, err)
			}
		}
	}
}

// TestNameThatLeadsToALinkLocalAddress checks that an allowed name does not open what is no host's own address.
func TestNameThatLeadsToALinkLocalAddress(t *testing.T) {
	t.Parallel()
	dns := &names{answers: map[string][]netip.Addr{"shop.internal.": {netip.MustParseAddr("169.254.1.1")}}}
	c := client(t, "shop.internal,10.0.0.0/8", outbound.WithResolver(dns.resolver(t)))
	if _, err := get(t, c, "http://shop.internal/"); err == nil || !outbound.IsBlocked(err) || !strings.Contains(err.Error(), "169.254.1.1 is a link-local address") {
		t.Errorf("got %v", err)
	}
}
