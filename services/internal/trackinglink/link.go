// Package trackinglink makes the URLs of a click: the tracking link that a publisher shares, and the
// landing page that the visitor is sent to. It is pure.
//
// Any package may import it; it imports none of ours.
package trackinglink

import "strings"

// Link is what a tracking link carries. Empty values are left out of the URL.
type Link struct {
	// Offer and Publisher are bare ids.
	Offer      string
	Publisher  string
	CouponCode string
	// PubClickID, PubSubID and PubUniques (Pub. Unique 1 first) are the publisher's own values,
	// often macros of the publisher's platform.
	PubClickID string
	PubSubID   string
	PubUniques [5]string
}

// Build returns the tracking link, whose parameters come in Link's order, behind the program's
// public URL. Values are URL-encoded but for braces, so that a macro such as {clickid} in them is
// still one for the publisher's platform.
func Build(publicURL string, link Link) string {
	buf := make([]byte, 0, 256) // on the stack; most links are shorter
	buf = append(buf, strings.TrimSuffix(publicURL, "/")...)
	buf = append(buf, "/click?offer_id="...)
	buf = appendEscaped(buf, link.Offer, true)
	buf = appendParameter(buf, "&pub_id=", link.Publisher)
	buf = appendParameter(buf, "&coupon_code=", link.CouponCode)
	buf = appendParameter(buf, "&pub_click_id=", link.PubClickID)
	buf = appendParameter(buf, "&pub_sub_id=", link.PubSubID)
	for i, name := range [...]string{"&pub_unique1=", "&pub_unique2=", "&pub_unique3=", "&pub_unique4=", "&pub_unique5="} {
		buf = appendParameter(buf, name, link.PubUniques[i])
	}
	return string(buf)
}

// Short returns the spoken short form of the tracking link of a code that one coupon only has.
func Short(publicURL, code string) string {
	buf := make([]byte, 0, 128)
	buf = append(buf, strings.TrimSuffix(publicURL, "/")...)
	buf = append(buf, "/c/"...)
	return string(appendEscaped(buf, code, false))
}

// appendParameter appends a name and a value, unless the value is empty.
func appendParameter(buf []byte, name, value string) []byte {
	if value == "" {
		return buf
	}
	return appendEscaped(append(buf, name...), value, true)
}

// appendEscaped appends a value with everything percent-encoded but letters, digits, - . _ ~, which
// is right in a path and in a query alike, and but for braces if they are kept.
func appendEscaped(buf []byte, value string, keepBraces bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(value) {
		c := value[i]
		if unreserved(c) || keepBraces && (c == '{' || c == '}') {
			buf = append(buf, c)
		} else {
			buf = append(buf, '%', digits[c>>4], digits[c&15])
		}
	}
	return buf
}

// unreserved says whether RFC 3986 has no use for a character but to be itself.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
