package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"code.dny.dev/ssrf"
)

// blockedError is the error for a host or address inside the network.
type blockedError struct{ message string }

func (e *blockedError) Error() string { return e.message }

// blocked returns a blockedError.
func blocked(format string, args ...any) error {
	return &blockedError{fmt.Sprintf(format, args...) + "; only the operator can allow it, with " + setting}
}

// IsBlocked reports whether an error of a request or of CheckURL means that the host is inside the network and not
// allowed.
func IsBlocked(err error) bool {
	var target *blockedError
	return errors.As(err, &target)
}

// CheckURL refuses a URL that no client of NewClient could reach: one that is not http or https with a host, or whose
// host is plainly inside the network and not allowed. It looks up no names, so a name may still turn out to be inside
// when it is dialled. The error's text calls the URL "it".
func (a Allowed) CheckURL(u *url.URL) error {
	port, err := portOf(u)
	if err != nil {
		return err
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil {
		return a.checkAddress(host, address, port)
	}
	name, err := ASCIIName(host)
	if err != nil {
		return err
	}
	if a.name(name, port) {
		return nil
	}
	if address, odd := oddAddress(name); odd {
		return a.checkOdd(host, address, port)
	}
	return a.checkName(name, port)
}

// checkAddress refuses an address that is not allowed. host is the address as written.
func (a Allowed) checkAddress(host string, address netip.Addr, port uint16) error {
	address = address.Unmap()
	if err := checkNever("its host "+host, address); err != nil {
		return err
	}
	kind := inside(address)
	switch {
	case kind == "" || a.address(address, port):
		return nil
	case host != address.String():
		return blocked("its host %s is %v, %s", host, address, kind)
	default:
		return blocked("its host %s is %s", host, kind)
	}
}

// checkOdd refuses an address in an unusual form. The zero address means that the numbers form no address.
func (a Allowed) checkOdd(host string, address netip.Addr, port uint16) error {
	if !address.IsValid() {
		return fmt.Errorf("its host %q is neither a name nor an address", host)
	}
	if err := a.checkAddress(host, address, port); err != nil {
		return err
	}
	return fmt.Errorf("its host %q is an address in an unusual form; write %v", host, address)
}

// checkName refuses names that have a meaning inside a network only.
func (a Allowed) checkName(name string, port uint16) error {
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	switch {
	case last == "localhost":
		loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if a.address(loopback, port) || a.address(netip.IPv6Loopback(), port) {
			return nil
		}
		return blocked("its host %s is this machine itself", name)
	case len(labels) == 1:
		return blocked("its host %s has no dot, so it is a name inside the network", name)
	case slices.Contains(insideDomains(), last) || strings.HasSuffix(name, ".home.arpa") || name == "home.arpa":
		return blocked("its host %s is a name inside the network", name)
	}
	return nil
}

// insideDomains returns the top-level domains that networks use for their own names, and the public DNS does not have
// (RFC 6762, appendix G; RFC 8375; ICANN's .internal; svc is Kubernetes').
func insideDomains() []string {
	return []string{"local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "svc"}
}

// inside returns what kind of internal or unusable address it is; "" for one of the public internet.
func inside(address netip.Addr) string {
	address = address.Unmap()
	if ssrf.New().SafeAddr(address) == nil {
		return ""
	}
	switch {
	case address.IsUnspecified():
		return "the unspecified address"
	case address.IsLoopback():
		return "a loopback address"
	case address.IsLinkLocalUnicast() || address.IsLinkLocalMulticast():
		return "a link-local address"
	case address.IsMulticast():
		return "a multicast address"
	case address.IsPrivate():
		return "a private address"
	case netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10).Contains(address):
		return "an address inside a carrier's network"
	default:
		return "an address that is reserved and not in the public internet"
	}
}

// portOf returns a URL's port, or an error if it has no valid one.
func portOf(u *url.URL) (uint16, error) {
	if u.Hostname() == "" {
		return 0, errors.New("it has no host")
	}
	var usual uint16
	switch strings.ToLower(u.Scheme) {
	case "http":
		usual = 80
	case "https":
		usual = 443
	default:
		return 0, errors.New("it must begin with https:// or http://")
	}
	if u.Port() == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("it has the port %s; ports are 1 to 65535", u.Port())
	}
	return uint16(n), nil
}
