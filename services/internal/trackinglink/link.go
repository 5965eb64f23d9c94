// Package trackinglink writes the URLs that carry a coupon's code: the tracking link that a publisher
// shares, and the landing page that a click is sent to.
//
// Any package may import it; it imports none of ours.
package trackinglink

import (
	"net/url"
	"strconv"
	"strings"
)

// Link is what a tracking link carries. Offer and Publisher are ids; the rest may be empty.
type Link struct {
	Offer      string
	Publisher  string
	CouponCode string
	PubClickID string
	PubSubID   string
	// PubUniques are the values of Pub. Unique 1 to 5.
	PubUniques [5]string
}

// Build returns the tracking link under a public URL, which ends without a slash. The parameters
// stand in a fixed order; empty ones are left out. Braces in values stay as they are, so that the
// macros of a publisher's platform, such as {clickid}, survive.
func Build(publicURL string, link Link) string {
	var b strings.Builder
	b.Grow(len(publicURL) + len(link.Offer) + len(link.Publisher) + len(link.CouponCode) + 48)
	b.WriteString(publicURL)
	b.WriteString("/click?offer_id=")
	b.WriteString(escape(link.Offer))
	add(&b, "pub_id", link.Publisher)
	add(&b, "coupon_code", link.CouponCode)
	add(&b, "pub_click_id", link.PubClickID)
	add(&b, "pub_sub_id", link.PubSubID)
	for i, value := range link.PubUniques {
		if value != "" {
			add(&b, "pub_unique"+strconv.Itoa(i+1), value)
		}
	}
	return b.String()
}

// Short returns the spoken short form of a link, for a code that is one coupon's only.
func Short(publicURL, code string) string {
	return publicURL + "/c/" + url.PathEscape(code)
}

func add(b *strings.Builder, name, value string) {
	if value == "" {
		return
	}
	b.WriteByte('&')
	b.WriteString(name)
	b.WriteByte('=')
	b.WriteString(macros.Replace(escape(value)))
}

// macros brings back the braces that escaping takes from a platform's macros.
var macros = strings.NewReplacer("%7B", "{", "%7D", "}")

// escape percent-encodes a value so that it is right in a path and in a query alike.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
