package clientaddr

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// The headers that proxies set to describe the original request.
const (
	forwardedFor    = "X-Forwarded-For"
	forwardedHost   = "X-Forwarded-Host"
	forwardedScheme = "X-Forwarded-Proto"
)

// words are names for several networks, in settings.
//
//nolint:gochecknoglobals // a table that nobody changes
var words = map[string][]string{
	"none":     nil,
	"loopback": {"127.0.0.0/8", "::1/128"},
	"private":  {"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"},
}

// Proxies are the networks of trusted proxies. The zero value trusts no proxy. It is safe for concurrent
// use.
type Proxies struct{ networks []netip.Prefix }

// ParseProxies parses addresses, CIDR ranges and the words none, loopback and private, separated by commas. The error
// names the wrong entry.
func ParseProxies(text string) (Proxies, error) {
	var p Proxies
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		networks, isWord := words[strings.ToLower(entry)]
		if !isWord && entry != "" {
			networks = []string{entry}
		}
		for _, network := range networks {
			prefix, err := parseNetwork(network)
			if err != nil {
				return Proxies{}, fmt.Errorf("the entry %q must be an address, a range such as 10.1.0.0/16, or one of the words none, loopback, private: %w", entry, err)
			}
			p.networks = append(p.networks, prefix)
		}
	}
	return p, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, err //nolint:wrapcheck // the caller says which entry
	case prefix.Bits() == 0:
		return netip.Prefix{}, fmt.Errorf("%s has every address, so any caller could claim any other", text)
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("write the range as IPv4")
	}
	return prefix.Masked(), nil
}

// Handler returns a handler that gives requests to next with the client's address as RemoteAddr: the address at the
// other end of the connection or, if that is a proxy that we believe, the last address in X-Forwarded-For that is not
// such a proxy. Anybody can forge the addresses before that one. If a caller is no such proxy, its X-Forwarded headers
// are removed.
func (p Proxies) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddr(Of(r))
		if err != nil || !p.has(peer) {
			for _, name := range [...]string{forwardedFor, forwardedHost, forwardedScheme} {
				delete(r.Header, name)
			}
		} else if client := p.client(peer, r.Header[forwardedFor]); client != peer {
			r.RemoteAddr = net.JoinHostPort(client.String(), "0") // the client's port is unknown
		}
		next.ServeHTTP(w, r)
	})
}

// client returns the client behind peer, a proxy that we believe. lines are the X-Forwarded-For headers: each proxy adds
// the address of its caller to the end. If a part is no address, nobody knows who is before it.
func (p Proxies) client(peer netip.Addr, lines []string) netip.Addr {
	named := strings.Join(lines, ",")
	for named != "" {
		last := named[strings.LastIndexByte(named, ',')+1:]
		named = strings.TrimSuffix(named[:len(named)-len(last)], ",")
		addr, ok := parseNamed(last)
		if !ok {
			break
		}
		peer = addr
		if !p.has(peer) {
			break
		}
	}
	return peer
}

// parseNamed parses an address in a header. Some proxies add the port.
func parseNamed(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func (p Proxies) has(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, network := range p.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// Forward tells another process of ours who a request is from: out gets the client's address and what proxies that we
// believe said of the request.
func Forward(out http.Header, in *http.Request) {
	for _, name := range [...]string{forwardedHost, forwardedScheme} {
		if values := in.Header[name]; len(values) > 0 {
			out[name] = values
		}
	}
	out.Set(forwardedFor, Of(in))
}
