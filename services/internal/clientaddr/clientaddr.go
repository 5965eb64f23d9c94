// Package clientaddr determines the client's address of an HTTP request, also behind proxies.
//
// The services and the gateway import it to limit or record callers.
package clientaddr

import (
	"net"
	"net/http"
	"net/netip"
)

// Of returns the client's address: the one at the other end of the request's connection, or behind Proxies.Handler the
// one that it determined.
func Of(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Owner returns the network to limit together: an IPv4 address, or an IPv6 /64, which one owner has. It returns the
// zero Prefix if the text is not an address.
func Owner(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
