// Package clientaddr says who made an HTTP request, also behind a proxy.
//
// The services and the gateway import it where they count or record callers.
package clientaddr

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Of returns the address of who made the request: the peer's own, or, when a proxy inside our network
// made it, the last address that the proxy names. What comes before that, anybody can have sent.
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

// IsInside says whether an address is of our own network, so that what it says of others is believed.
func IsInside(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

// Owner returns whom an address counts for where callers are limited: an IPv4 address, or the /64 network
// that one owner has of IPv6. What is no address counts for the zero Prefix.
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
