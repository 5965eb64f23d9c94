package trackinglink

import "strings"

// maxQueryBytes bounds how much of a query is read. Browsers and proxies accept a few thousand bytes only.
const maxQueryBytes = 16 << 10

// Query is a link's query as received. Reading it never fails, so that no shopper is turned away. Malformed parts are
// literal: 50%off is "50%off", and a;b is "a;b".
type Query string

// NewQuery returns a URL's query. If the whole query was encoded, including its = and &, NewQuery decodes it. complete
// is false if it is too long, so that only its beginning is read.
func NewQuery(raw string) (q Query, complete bool) {
	if strings.IndexByte(raw, '=') < 0 && strings.Contains(raw, "%3") {
		raw = Unescape(raw)
	}
	if len(raw) > maxQueryBytes {
		return Query(raw[:maxQueryBytes]), false
	}
	return Query(raw), true
}

// Cut returns the name of the first parameter, its encoded value, and the rest of the query. The name is decoded,
// without remains of HTML or list syntax: amp;coupon_code and coupon_code[] are both coupon_code. Its case is as sent.
func (q Query) Cut() (name, value string, rest Query) {
	pair, after, _ := strings.Cut(string(q), "&")
	name, value, _ = strings.Cut(pair, "=")
	if !isPlainName(name) {
		name = plainName(Unescape(name))
	}
	return name, value, Query(after)
}

// Get returns the first non-empty value of a parameter, decoded, or "". It ignores the ASCII case of names.
func (q Query) Get(name string) string {
	for rest := q; rest != ""; {
		var found, value string
		found, value, rest = rest.Cut()
		if value != "" && len(found) == len(name) && strings.EqualFold(found, name) {
			return Unescape(value)
		}
	}
	return ""
}

// isPlainName reports whether a name needs no cleaning.
func isPlainName(name string) bool {
	for i := range len(name) {
		switch name[i] {
		case '%', '+', ';', '?', '[', ']', ' ':
			return false
		}
	}
	return true
}

// plainName returns a name without remains of HTML or list syntax.
func plainName(name string) string {
	name = strings.TrimSpace(strings.TrimLeft(name, "? "))
	for {
		rest, found := strings.CutPrefix(name, "amp;")
		if !found {
			break
		}
		name = rest
	}
	return strings.TrimSuffix(name, "[]")
}

// Unescape decodes a name or a value of a query: + is a space, and %2F is /. A % without two hexadecimal
// digits after it is literal.
func Unescape(text string) string {
	i := 0
	for i < len(text) && text[i] != '%' && text[i] != '+' {
		i++
	}
	if i == len(text) {
		return text
	}
	buf := append(make([]byte, 0, len(text)), text[:i]...)
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+':
			buf = append(buf, ' ')
		case c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			buf = append(buf, fromHex(text[i+1])<<4|fromHex(text[i+2]))
			i += 2
		default:
			buf = append(buf, c)
		}
	}
	return string(buf)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromHex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
