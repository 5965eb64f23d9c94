// Package trackinglink builds the URLs of a click: the tracking link that a publisher shares, and the landing page to
// which the visitor is sent. It is pure.
//
// Any package may import it; of our packages it imports urltemplate.
package trackinglink

import (
	"strings"

	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

// ClickPaths and ShortPaths are the paths of tracking links and of their short form, before the code. People and QR
// codes also write them in capitals.
var (
	ClickPaths = [...]string{"/click", "/Click", "/CLICK"}
	ShortPaths = [...]string{"/c/", "/C/"}
)

// Link has the values of a tracking link. The URL leaves out empty ones.
type Link struct {
	// Offer and Publisher are ids.
	Offer      string
	Publisher  string
	CouponCode string
	// PubClickID, PubSubID and PubUniques (Pub. Unique 1 to 5) are the publisher's own values, often macros of the
	// publisher's platform.
	PubClickID string
	PubSubID   string
	PubUniques [5]string
}

// Build returns the tracking link below publicURL, with its parameters in Link's order. It URL-encodes values except
// for braces, so that a macro such as {clickid} still works on the publisher's platform.
func Build(publicURL string, link Link) string {
	buf := make([]byte, 0, 256) // on the stack; most links are shorter
	buf = append(buf, strings.TrimSuffix(publicURL, "/")...)
	buf = append(buf, "/click?offer_id="...)
	buf = urltemplate.AppendEscapedButBraces(buf, link.Offer)
	buf = appendParameter(buf, "&pub_id=", link.Publisher)
	buf = appendParameter(buf, "&coupon_code=", link.CouponCode)
	buf = appendParameter(buf, "&pub_click_id=", link.PubClickID)
	buf = appendParameter(buf, "&pub_sub_id=", link.PubSubID)
	for i, name := range [...]string{"&pub_unique1=", "&pub_unique2=", "&pub_unique3=", "&pub_unique4=", "&pub_unique5="} {
		buf = appendParameter(buf, name, link.PubUniques[i])
	}
	return string(buf)
}

// Short returns the short form of the tracking link, for a code that belongs to only one coupon.
func Short(publicURL, code string) string {
	buf := make([]byte, 0, 128)
	buf = append(buf, strings.TrimSuffix(publicURL, "/")...)
	buf = append(buf, "/c/"...)
	return string(urltemplate.AppendEscaped(buf, code))
}

// appendParameter appends a name and a value, unless the value is empty.
func appendParameter(buf []byte, name, value string) []byte {
	if value == "" {
		return buf
	}
	return urltemplate.AppendEscapedButBraces(append(buf, name...), value)
}
