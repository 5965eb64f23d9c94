package partner

import (
	"net/url"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// ParseQuery parses a query or a form and never fails: a percent sign that does not begin an escape is
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
		name = trackinglink.Unescape(name)
		params[name] = append(params[name], trackinglink.Unescape(value))
	}
	return params
}

// unescape decodes percent-encoding and, unlike in a query, leaves a + as it is.
func unescape(text string) string {
	return trackinglink.Unescape(strings.ReplaceAll(text, "+", "%2B"))
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
