package outbound

import (
	"fmt"
	"net/netip"
)

// metadata are the addresses where clouds give a machine its credentials.
func metadata() []string {
	return []string{
		"169.254.169.254", // AWS, Google, Azure, Oracle and most others
		"169.254.170.2",   // AWS: containers
		"169.254.170.23",  // AWS: pods
		"fd00:ec2::254",   // AWS
		"fd00:ec2::23",    // AWS: pods
		"fd20:ce::254",    // Google
		"168.63.129.16",   // Azure's agent
		"100.100.100.200", // Alibaba
		"192.0.0.192",     // Oracle, formerly
	}
}

// never returns the kind of an address that no setting can allow; "" for other addresses. IPv4 addresses
// inside IPv6 ones, of NAT64 and 6to4, count too.
func never(address netip.Addr) string {
	for _, address := range embedded(address.Unmap().WithZone("")) {
		for _, text := range metadata() {
			if address == netip.MustParseAddr(text) {
				return "a cloud's metadata address"
			}
		}
	}
	return ""
}

// checkNever refuses an address that nobody may call. what is the host or address, for the error.
func checkNever(what string, address netip.Addr) error {
	if kind := never(address); kind != "" {
		return &blockedError{fmt.Sprintf("%s is %s, which is never called", what, kind)}
	}
	return nil
}

// embedded returns an address and the IPv4 address in it, if it has one: a gateway would call that.
func embedded(address netip.Addr) []netip.Addr {
	found := []netip.Addr{address}
	if !address.Is6() {
		return found
	}
	bytes := address.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(address), netip.MustParsePrefix("64:ff9b:1::/48").Contains(address), netip.MustParsePrefix("::/96").Contains(address):
		found = append(found, netip.AddrFrom4([4]byte(bytes[12:])))
	case netip.MustParsePrefix("2002::/16").Contains(address):
		found = append(found, netip.AddrFrom4([4]byte(bytes[2:6])))
	}
	return found
}
