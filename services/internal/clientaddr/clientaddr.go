// Package clientaddr says who made an HTTP request, also behind a proxy.
//
// The services and the gateway import it where they count or record callers.
package clientaddr

import (
	"net"
	"net/http"
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
