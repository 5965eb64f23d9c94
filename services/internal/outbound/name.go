package outbound

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxNameChars is how long a name can be in the DNS.
const maxNameChars = 253

// asciiName returns a host's name as it will be dialled: net/http too turns other scripts, and the
// letters and dots that only look unlike ASCII ones, into ASCII.
func asciiName(host string) (string, error) {
	ascii := host
	for i := range len(host) {
		if host[i] >= 0x80 {
			var err error
			if ascii, err = idna.Lookup.ToASCII(host); err != nil {
				return "", fmt.Errorf("its host %q is not a valid name", host)
			}
			break
		}
	}
	name := normal(ascii)
	if !dnsName(name) {
		return "", fmt.Errorf("its host %q is not a valid name", host)
	}
	return name, nil
}

// normal returns a host's name in the form in which names are compared.
func normal(host string) string {
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// dnsName says whether a text is a host's name, or could pass for one: the underscore, which real
// names have, is let through.
func dnsName(name string) bool {
	if len(name) > maxNameChars {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// oddAddress says whether a name in normal form is in truth an IPv4 address in a form that resolvers
// take, though it is not the usual one: 127.1, 2130706433, 0x7f000001, 0177.0.0.1. As browsers do,
// it takes every name for one whose last label is a number. The address is the zero one where the
// numbers make none.
func oddAddress(name string) (netip.Addr, bool) {
	labels := strings.Split(name, ".")
	if last := labels[len(labels)-1]; !number(last) {
		return netip.Addr{}, false
	}
	if len(labels) > 4 {
		return netip.Addr{}, true
	}
	var bits uint64
	for i, label := range labels {
		n, ok := parseNumber(label)
		// The last number fills all bytes that the ones before it leave.
		width := 8
		if i == len(labels)-1 {
			width = 8 * (4 - i)
		}
		if !ok || n >= 1<<width {
			return netip.Addr{}, true
		}
		bits = bits<<width | n
	}
	return netip.AddrFrom4([4]byte{byte(bits >> 24), byte(bits >> 16), byte(bits >> 8), byte(bits)}), true
}

// number says whether a label is digits only, or 0x and hexadecimal digits.
func number(label string) bool {
	if digits, hex := strings.CutPrefix(label, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

// parseNumber reads a decimal, octal (0…) or hexadecimal (0x…) number.
func parseNumber(label string) (uint64, bool) {
	if !number(label) {
		return 0, false
	}
	base, digits := 10, label
	if hex, found := strings.CutPrefix(label, "0x"); found {
		base, digits = 16, hex
	} else if len(label) > 1 && label[0] == '0' {
		base, digits = 8, label[1:]
	}
	if digits == "" { // 0x alone is 0
		return 0, base == 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return n, err == nil
}
