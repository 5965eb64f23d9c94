// Package resource has the names of the API's resources, such as offers/10, and the ids in them. It is pure, and
// any package may import it.
package resource

import "github.com/couponlink/couponlink/services/internal/couponcode"

// The prefixes of names.
const (
	Offers       = "offers/"
	Publishers   = "publishers/"
	Conversions  = "conversions/"
	Postbacks    = "postbacks/"
	Deliveries   = "deliveries/"
	SavedReports = "savedReports/"
	Reservations = "reservations/"
	Keys         = "keys/"
)

// AnyOffer is the parent that means all offers.
const AnyOffer = Offers + "-"

const (
	approvalsPart = "/approvals/"
	couponsPart   = "/coupons/"
	scansPart     = "/scans/"
	tokensPart    = "/postbackTokens/"
)

// Name returns the name of the resource with an id in a collection, such as Offers; "" if the id is "".
func Name(collection, id string) string {
	if id == "" {
		return ""
	}
	return collection + id
}

// Offer returns an offer's name, `offers/{offer}`.
func Offer(id string) string { return Offers + id }

// Publisher returns a publisher's name, `publishers/{publisher}`.
func Publisher(id string) string { return Publishers + id }

// Key returns an API key's name, `keys/{key}`.
func Key(id string) string { return Keys + id }

// Conversion returns a conversion's name, `conversions/{conversion}`.
func Conversion(id string) string { return Conversions + id }

// Approval returns an approval's name, `offers/{offer}/approvals/{publisher}`.
func Approval(offer, publisher string) string { return Offers + offer + approvalsPart + publisher }

// Coupon returns a coupon's name, `offers/{offer}/coupons/{publisher}.{CODE}`. The code's case does not matter.
func Coupon(offer, publisher, code string) string {
	return Offers + offer + couponsPart + publisher + "." + couponcode.Fold(code)
}

// PostbackToken returns a postback token's name, `offers/{offer}/postbackTokens/{postback_token}`.
func PostbackToken(offer, id string) string { return Offers + offer + tokensPart + id }

// Scan returns the name of a scan of an offer's links, `offers/{offer}/scans/{scan}`.
func Scan(offer, id string) string { return Offers + offer + scansPart + id }

// MaxIDChars is the maximum length of an offer's or a publisher's id, in characters.
const MaxIDChars = 63

// IsID reports whether a text can be the id of an offer or a publisher: 1 to 63 of a-z, 0-9 and -, the first a
// letter or digit.
func IsID(text string) bool {
	if text == "" || len(text) > MaxIDChars || text[0] == '-' {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
