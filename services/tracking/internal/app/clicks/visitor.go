package clicks

import (
	"net/netip"
	"net/url"
)

// Addresses says how much of visitors' addresses is stored.
type Addresses string

// These are the possible values. The zero value is AddressesTruncated.
const (
	AddressesFull Addresses = "full"
	// AddressesTruncated keeps the network: the first 24 bits of an IPv4 address, 48 of an IPv6 one. Many people share it.
	AddressesTruncated Addresses = "truncated"
	AddressesNone      Addresses = "none"
)

// Bits of an address that AddressesTruncated keeps.
const (
	bitsOfIPv4 = 24
	bitsOfIPv6 = 48
)

// kept returns what is stored of an address; "" if nothing is.
func (a Addresses) kept(address string) string {
	switch a {
	case AddressesFull:
		return address
	case AddressesNone:
		return ""
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := bitsOfIPv6
	if ip.Is4() {
		bits = bitsOfIPv4
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.Addr().String()
}

// originOf returns the origin of the page that a link was on, such as https://blog.example.com; "" if unknown. The
// rest of its address may say what the visitor looked for, or who it is.
func originOf(referer string) string {
	page, err := url.Parse(referer)
	if err != nil || page.Scheme == "" || page.Host == "" {
		return ""
	}
	return page.Scheme + "://" + page.Host
}
