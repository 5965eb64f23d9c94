package urltemplate

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkCharacters refuses characters that no URL has.
func checkCharacters(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("it is not valid UTF-8")
	}
	if n := utf8.RuneCountInString(text); n > maxChars {
		return fmt.Errorf("it has %d characters; at most %d are allowed", n, maxChars)
	}
	for i, r := range text {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return fmt.Errorf("it has the character %q; spaces and control characters must be percent-encoded, such as %%20", r)
		case strings.ContainsRune("\\\"<>^`|", r):
			return fmt.Errorf("it has the character %q, which must be percent-encoded as %%%02X", r, r)
		case r == '%' && !escape(text[i:]):
			return errors.New("it has a % without two hexadecimal digits after it; write the character itself as %25")
		}
	}
	return nil
}

// escape says whether a text begins with a percent-encoded byte.
func escape(text string) bool {
	if len(text) < 3 {
		return false
	}
	_, err := strconv.ParseUint(text[1:3], 16, 8)
	return err == nil && text[1] != '+' && text[1] != '-'
}

// checkURL refuses what is not an absolute http or https URL with a host of its own.
func checkURL(text string) error {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return errors.New("it must be an absolute URL that begins with https:// or http://")
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case authority == "":
		return errors.New("it has no host; it must look like https://www.example.com/")
	case strings.ContainsAny(authority, "{}"):
		return errors.New("it has a macro in its host; macros must come after the / or ? that follows the host")
	case strings.Contains(authority, "@"):
		return errors.New("it has a user name before its host; leave it out")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host != authority || !hostname(u) || !port(u) {
		return fmt.Errorf("its host %q is not valid; it must look like www.example.com, with other scripts as xn--…", authority)
	}
	return nil
}

// hostname says whether a URL's host is a name or an address. It is stricter than url.Parse, so
// that no browser can read another host from it.
func hostname(u *url.URL) bool {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		address, err := netip.ParseAddr(host)
		return err == nil && address.Is6() && address.Zone() == ""
	}
	for i := range len(host) {
		if c := host[i]; !unreserved(c) || c == '~' {
			return false
		}
	}
	return strings.Trim(host, ".") != ""
}

// port says whether a URL has no port or one that exists.
func port(u *url.URL) bool {
	if !strings.HasSuffix(u.Host, ":"+u.Port()) {
		return true
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}
