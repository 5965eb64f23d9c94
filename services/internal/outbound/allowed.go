package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// setting is the setting's name, for messages.
const setting = "COUPONLINK_ALLOWED_PRIVATE_HOSTS"

// Allowed are the hosts inside the network that may be called. The zero value allows none.
type Allowed struct {
	entries  []string
	names    map[endpoint]bool
	networks []network
}

// endpoint is a host name and a port; port 0 means all.
type endpoint struct {
	name string
	port uint16
}

// network is a range of addresses and a port; port 0 means all.
type network struct {
	prefix netip.Prefix
	port   uint16
}

// ParseAllowed parses the setting COUPONLINK_ALLOWED_PRIVATE_HOSTS. Its entries, separated by commas, are hosts (a name
// or an address), host:port, or ranges of addresses such as 10.1.0.0/16. An entry with a name allows every address of
// that name. An entry with addresses allows them under any name. No entry allows clouds'
// metadata addresses, and a name alone no link-local ones. The error names the wrong entry.
func ParseAllowed(list string) (Allowed, error) {
	allowed := Allowed{names: map[endpoint]bool{}}
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if err := allowed.add(entry); err != nil {
			return Allowed{}, fmt.Errorf("%s: the entry %q %w", setting, entry, err)
		}
		allowed.entries = append(allowed.entries, entry)
	}
	return allowed, nil
}

// Entries returns the entries as written.
func (a Allowed) Entries() []string { return slices.Clone(a.entries) }

// add adds an entry.
func (a *Allowed) add(entry string) error {
	if strings.Contains(entry, "/") {
		prefix, err := parsePrefix(entry)
		if err != nil {
			return err
		}
		a.networks = append(a.networks, network{prefix: prefix})
		return nil
	}
	host, port, err := splitPort(entry)
	if err != nil {
		return err
	}
	if address, err := netip.ParseAddr(host); err == nil {
		if address.Zone() != "" {
			return errors.New("has a zone; write the address alone")
		}
		address = address.Unmap()
		if kind := never(address); kind != "" {
			return fmt.Errorf("is %s, which is never called", kind)
		}
		a.networks = append(a.networks, network{prefix: netip.PrefixFrom(address, address.BitLen()), port: port})
		return nil
	}
	name, err := ASCIIName(host)
	if err != nil {
		return errors.New("must be a host, host:port or a range of addresses such as 10.1.0.0/16")
	}
	if address, odd := oddAddress(name); odd && address.IsValid() {
		return fmt.Errorf("has an address in an unusual form; write %v", address)
	} else if odd {
		return errors.New("looks like an address but is not a valid one")
	}
	a.names[endpoint{name, port}] = true
	return nil
}

// parsePrefix parses a range of addresses.
func parsePrefix(entry string) (netip.Prefix, error) {
	if strings.Contains(entry, "://") {
		return netip.Prefix{}, errors.New("is a URL; write only its host, or host:port")
	}
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		return netip.Prefix{}, errors.New("is not a range of addresses such as 10.1.0.0/16 or fd00::/8")
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("is an IPv4 range written as IPv6; write it as IPv4")
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, fmt.Errorf("has bits after its prefix length; write %v, or the address alone", prefix.Masked())
	}
	return prefix, nil
}

// splitPort splits host:port. The port is 0 if the entry names no port. An IPv6 address without a port needs no brackets.
func splitPort(entry string) (host string, port uint16, err error) {
	if inner, found := strings.CutPrefix(entry, "["); found && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]"), 0, nil
	}
	if strings.Count(entry, ":") != 1 && !strings.HasPrefix(entry, "[") {
		return entry, 0, nil
	}
	host, text, err := net.SplitHostPort(entry)
	if err != nil {
		return "", 0, errors.New("is not host:port")
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("has the port %q; ports are 1 to 65535", text)
	}
	return host, uint16(n), nil
}

// name reports whether a host name, in normal form, is allowed with a port.
func (a Allowed) name(name string, port uint16) bool {
	return a.names[endpoint{name, port}] || a.names[endpoint{name, 0}]
}

// address reports whether an address is allowed with a port.
func (a Allowed) address(address netip.Addr, port uint16) bool {
	address = address.WithZone("").Unmap() // no prefix contains an address with a zone
	for _, n := range a.networks {
		if n.prefix.Contains(address) && (n.port == 0 || n.port == port) {
			return true
		}
	}
	return false
}
