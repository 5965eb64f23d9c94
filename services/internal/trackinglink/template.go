package trackinglink

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTemplateChars is the length to which browsers, proxies and logs keep URLs whole.
const maxTemplateChars = 2048

// Macros are the values that a landing page's URL can take up.
type Macros struct {
	ClickID    string
	CouponCode string
	PubID      string
	OfferID    string
	PubClickID string
	PubSubID   string
	// PubUniques holds Pub. Unique 1 first.
	PubUniques [5]string
}

// Template is a landing page's URL with macros such as {click_id}, checked and taken apart.
type Template struct {
	parts []part
}

// part is a piece of URL and the macro behind it, of which the last part has none.
type part struct {
	literal string
	macro   int
}

// noMacro stands for no macro in a part.
const noMacro = -1

// macroNames returns the names of the macros, in the order of Macros.
func macroNames() []string {
	return []string{
		"click_id", "coupon_code", "pub_id", "offer_id", "pub_click_id", "pub_sub_id",
		"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5",
	}
}

// value returns the value of the macro at an index of macroNames.
func (m *Macros) value(macro int) string {
	switch macro {
	case 0:
		return m.ClickID
	case 1:
		return m.CouponCode
	case 2:
		return m.PubID
	case 3:
		return m.OfferID
	case 4:
		return m.PubClickID
	case 5:
		return m.PubSubID
	default:
		return m.PubUniques[macro-6]
	}
}

// Expand returns the URL with the macros filled in, URL-encoded. Whatever the values, scheme and
// host are the template's.
func (t *Template) Expand(values Macros) string {
	buf := make([]byte, 0, 512) // on the stack; most URLs are shorter
	for i := range t.parts {
		buf = append(buf, t.parts[i].literal...)
		if macro := t.parts[i].macro; macro != noMacro {
			buf = appendEscaped(buf, values.value(macro), false)
		}
	}
	return string(buf)
}

// CheckTemplate says what is wrong with a landing page's URL and what would be right; nil if it is
// an absolute http or https URL whose macros are all known and stand behind the host.
func CheckTemplate(template string) error {
	_, err := Compile(template)
	return err
}

// Compile takes a template apart, so that Expand need not. The error is CheckTemplate's.
func Compile(template string) (*Template, error) {
	if err := checkCharacters(template); err != nil {
		return nil, err
	}
	if err := checkURL(template); err != nil {
		return nil, err
	}
	t := &Template{}
	for rest := template; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.add(rest, noMacro)
			return t, nil
		}
		end := strings.IndexByte(rest, '}')
		if end < open+1 {
			return nil, fmt.Errorf("it has a lone %c; braces stand around macros only, as in {click_id}, and else are written %%7B and %%7D", rest[open])
		}
		name := rest[open+1 : end]
		macro := slices.Index(macroNames(), name)
		if macro < 0 {
			return nil, fmt.Errorf("it has the unknown macro {%s}; the macros are {%s}", name, strings.Join(macroNames(), "}, {"))
		}
		t.add(rest[:open], macro)
		rest = rest[end+1:]
	}
}

// add appends a part. Characters beyond ASCII become percent-encoded, as browsers would do it: a
// redirect's header is ASCII.
func (t *Template) add(literal string, macro int) {
	var ascii []byte
	for i := range len(literal) {
		if literal[i] < utf8.RuneSelf {
			ascii = append(ascii, literal[i])
		} else {
			ascii = appendEscaped(ascii, literal[i:i+1], false)
		}
	}
	t.parts = append(t.parts, part{literal: string(ascii), macro: macro})
}

// checkCharacters refuses what no URL holds.
func checkCharacters(template string) error {
	if !utf8.ValidString(template) {
		return errors.New("it is not valid UTF-8")
	}
	if n := utf8.RuneCountInString(template); n > maxTemplateChars {
		return fmt.Errorf("it has %d characters; at most %d are allowed", n, maxTemplateChars)
	}
	for i, r := range template {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return fmt.Errorf("it has the character %q; spaces and control characters must be percent-encoded, such as %%20", r)
		case strings.ContainsRune("\\\"<>^`|", r):
			return fmt.Errorf("it has the character %q, which must be percent-encoded as %%%02X", r, r)
		case r == '%' && !escape(template[i:]):
			return errors.New("it has a % without two hexadecimal digits behind it; the character itself is written %25")
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
func checkURL(template string) error {
	scheme, rest, found := strings.Cut(template, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return errors.New("it must be an absolute URL that begins with https:// or http://")
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case authority == "":
		return errors.New("it has no host; it must look like https://shop.example.com/")
	case strings.ContainsAny(authority, "{}"):
		return errors.New("it has a macro in its host; macros may stand behind the / or ? after the host only")
	case strings.Contains(authority, "@"):
		return errors.New("it has a user name before its host; only the host may stand there")
	}
	u, err := url.Parse(template)
	if err != nil || u.Host != authority || !hostname(u) || !port(u) {
		return fmt.Errorf("its host %q is not valid; it must look like shop.example.com, with other scripts as xn--…", authority)
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
