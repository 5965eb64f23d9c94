// Package clientaddr determines who made an HTTP request, also behind a proxy.
//
// The services and the gateway import it to limit or record callers.
package clientaddr

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Of returns the client's address: the peer's own or, if the peer is a proxy inside our network, the last address that
// the proxy names. Anybody can forge the addresses before that one.
func Of(r *http.Request) string {
	peer := Peer(r)
	if !IsInside(peer) {
		return peer
	}
	named := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	last := strings.TrimSpace(named[strings.LastIndex(named, ",")+1:])
	if net.ParseIP(last) == nil {
		return peer
	}
	return last
}

// Peer returns the address at the other end of the request's connection.
func Peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// IsInside reports whether an address is in our own network. If so, we believe what it says about other addresses.
func IsInside(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate())
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
