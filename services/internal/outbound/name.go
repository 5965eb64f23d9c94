package outbound

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxNameChars is the maximum length of a name in the DNS.
const maxNameChars = 253

// ASCIIName returns a host's name as it is dialled. Like net/http, it converts other scripts, and
// characters that only look like other letters or dots, to ASCII.
func ASCIIName(host string) (string, error) {
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

// normal returns a host's name as we compare names.
func normal(host string) string {
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// dnsName reports whether a text could be a host's name. It accepts the underscore, which some real names have.
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

// oddAddress reports whether a name in normal form is really an IPv4 address in an unusual form that resolvers accept:
// 127.1, 2130706433, 0x7f000001, 0177.0.0.1. Like browsers, it treats every name as an address if its last label is a
// number. It returns the zero address if the numbers form none.
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
		// The last number fills all remaining bytes.
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

// number reports whether a label is digits only, or 0x and hexadecimal digits.
func number(label string) bool {
	if digits, hex := strings.CutPrefix(label, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

// parseNumber parses a decimal, octal (0…) or hexadecimal (0x…) number.
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
	if digits == "" { // a bare 0x is 0
		return 0, base == 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return n, err == nil
}
