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

// setting is the setting that ParseAllowed reads, as messages name it.
const setting = "COUPONLINK_ALLOWED_PRIVATE_HOSTS"

// Allowed are the hosts inside the network that may be reached all the same. The zero value allows
// none.
type Allowed struct {
	entries  []string
	names    map[endpoint]bool
	networks []network
}

// endpoint is a host's name and its port; port 0 stands for all.
type endpoint struct {
	name string
	port uint16
}

// network is a range of addresses and a port; port 0 stands for all.
type network struct {
	prefix netip.Prefix
	port   uint16
}

// ParseAllowed reads the setting COUPONLINK_ALLOWED_PRIVATE_HOSTS: entries with commas between them,
// each a host (its name or its address), host:port, or a range of addresses such as 10.1.0.0/16. An
// entry with a name allows whatever the name leads to; one with addresses allows them under any name.
// The error names the entry that is wrong.
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

// Entries returns the entries as they were written.
func (a Allowed) Entries() []string { return slices.Clone(a.entries) }

// add adds an entry, or says what is wrong with it.
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
		a.networks = append(a.networks, network{prefix: netip.PrefixFrom(address, address.BitLen()), port: port})
		return nil
	}
	name, err := asciiName(host)
	if err != nil {
		return errors.New("is none of a host, host:port and a range of addresses such as 10.1.0.0/16")
	}
	if address, odd := oddAddress(name); odd && address.IsValid() {
		return fmt.Errorf("has an address in an unusual form; write %v", address)
	} else if odd {
		return errors.New("has something like an address that is none")
	}
	a.names[endpoint{name, port}] = true
	return nil
}

// parsePrefix reads a range of addresses.
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
		return netip.Prefix{}, fmt.Errorf("has bits behind its length; write %v, or the address alone", prefix.Masked())
	}
	return prefix, nil
}

// splitPort takes host:port apart; port 0 stands for none. An IPv6 address may stand without
// brackets if it has no port.
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

// name says whether a host's name, in normal form, is allowed with a port.
func (a Allowed) name(name string, port uint16) bool {
	return a.names[endpoint{name, port}] || a.names[endpoint{name, 0}]
}

// address says whether an address is allowed with a port.
func (a Allowed) address(address netip.Addr, port uint16) bool {
	address = address.WithZone("").Unmap() // no prefix contains an address with a zone
	for _, n := range a.networks {
		if n.prefix.Contains(address) && (n.port == 0 || n.port == port) {
			return true
		}
	}
	return false
}
