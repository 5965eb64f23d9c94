package rules

import (
	"net/url"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// ParseQuery reads a query or a form and never fails: a percent sign that does not begin an escape is
// literal, and a semicolon is not a separator.
func ParseQuery(raw string) url.Values {
	params, err := url.ParseQuery(raw)
	if err == nil {
		return params
	}
	params = url.Values{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name = unescape(name, true)
		params[name] = append(params[name], unescape(value, true))
	}
	return params
}

// unescape decodes percent-encoding; plus says that a + is a space.
func unescape(text string, plus bool) string {
	if !strings.ContainsAny(text, "%+") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			b.WriteByte(fromHex(text[i+1])<<4 | fromHex(text[i+2]))
			i += 2
		case text[i] == '+' && plus:
			b.WriteByte(' ')
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// ParameterName returns the name of the parameter that a sender meant: in lower case, without list brackets,
// as in coupon_code[] and coupon_code[0], and without the amp; of an & that was escaped for HTML.
func ParameterName(sent string) string {
	name := strings.ToLower(pasted.Trim(sent))
	for strings.HasPrefix(name, "amp;") {
		name = name[len("amp;"):]
	}
	if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") && strings.Trim(name[i:], "[]0123456789") == "" {
		name = name[:i]
	}
	return name
}

// Named returns the distinct values under a name, in any spelling, without empty ones.
func Named(params url.Values, name string) []string {
	var all []string
	for sent, values := range params {
		if ParameterName(sent) != name {
			continue
		}
		for _, value := range values {
			if value = pasted.Trim(value); value != "" && !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
	}
	slices.Sort(all)
	return all
}
