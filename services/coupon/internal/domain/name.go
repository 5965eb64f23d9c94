package domain

import (
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// MaxIDChars is the maximum length of an offer's or a publisher's id, in characters.
const MaxIDChars = 63

const (
	offerPrefix     = "offers/"
	publisherPrefix = "publishers/"
	approvalsPart   = "/approvals/"
	couponsPart     = "/coupons/"
	// AnyOffer is the id that means all offers in a parent, `offers/-`.
	AnyOffer = "-"
)

// CheckID returns what is wrong with an id that a caller chose; nil if it is 1 to 63 of `a-z 0-9 -` and
// starts with a letter or digit.
func CheckID(field, id string) error {
	if isID(id) {
		return nil
	}
	return invalid(field, "%s is not an id; it must be 1 to 63 of a-z, 0-9 and -, and start with a letter or digit", quote(id))
}

func isID(id string) bool {
	if id == "" || len(id) > MaxIDChars || id[0] == '-' {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// OfferName returns an offer's resource name, `offers/{offer}`.
func OfferName(id string) string { return offerPrefix + id }

// PublisherName returns a publisher's resource name, `publishers/{publisher}`.
func PublisherName(id string) string { return publisherPrefix + id }

// ApprovalName returns an approval's resource name, `offers/{offer}/approvals/{publisher}`.
func ApprovalName(offer, publisher string) string {
	return offerPrefix + offer + approvalsPart + publisher
}

// CouponName returns a coupon's resource name, `offers/{offer}/coupons/{publisher}.{CODE}`; the
// code's case does not matter.
func CouponName(offer, publisher, code string) string {
	return offerPrefix + offer + couponsPart + publisher + "." + couponcode.Fold(code)
}

// ParseOfferName returns the id in an offer's name, or INVALID_NAME on a field.
func ParseOfferName(field, name string) (string, error) {
	if id, ok := cutID(name, offerPrefix); ok {
		return id, nil
	}
	return "", badName(field, name, offerPrefix, "an offer", "offers/{offer}")
}

// ParsePublisherName returns the id in a publisher's name, or INVALID_NAME on a field.
func ParsePublisherName(field, name string) (string, error) {
	if id, ok := cutID(name, publisherPrefix); ok {
		return id, nil
	}
	return "", badName(field, name, publisherPrefix, "a publisher", "publishers/{publisher}")
}

// cutID returns the id after a prefix in a name, without surrounding characters that pasting adds. ok is
// false if the name has no id.
func cutID(name, prefix string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, prefix)
	id = pasted.Trim(id)
	return id, ok && isID(id)
}

// ParseParent returns the offer's id in the parent of a list, "" for `offers/-`, or INVALID_NAME on the field
// `parent`.
func ParseParent(name string) (string, error) {
	if name == offerPrefix+AnyOffer {
		return "", nil
	}
	return ParseOfferName("parent", name)
}

// ParseApprovalName returns the ids in an approval's name, or INVALID_NAME on a field.
func ParseApprovalName(field, name string) (offer, publisher string, err error) {
	rest, isOffers := strings.CutPrefix(name, offerPrefix)
	offer, publisher, isApproval := strings.Cut(rest, approvalsPart)
	offer, publisher = pasted.Trim(offer), pasted.Trim(publisher)
	if !isOffers || !isApproval || !isID(offer) || !isID(publisher) {
		return "", "", badName(field, name, "", "an approval", "offers/{offer}/approvals/{publisher}")
	}
	return offer, publisher, nil
}

// ParseCouponName returns the ids and the folded code in a coupon's name, or INVALID_NAME on a field. The
// code may be in any case.
func ParseCouponName(field, name string) (offer, publisher, code string, err error) {
	rest, isOffers := strings.CutPrefix(name, offerPrefix)
	offer, rest, isCoupon := strings.Cut(rest, couponsPart)
	publisher, code, _ = strings.Cut(rest, ".")
	offer, publisher, code = pasted.Trim(offer), pasted.Trim(publisher), pasted.Trim(code)
	if !isOffers || !isCoupon || !isID(offer) || !isID(publisher) || !couponcode.Is(code) {
		return "", "", "", badName(field, name, "", "a coupon", "offers/{offer}/coupons/{publisher}.{CODE}")
	}
	return offer, publisher, couponcode.Fold(code), nil
}

// badName returns the error for a text that is not the name of a thing. If the text with prefix would be one,
// the error suggests it.
func badName(field, name, prefix, thing, pattern string) error {
	if name == "" {
		return apperr.Invalid("INVALID_NAME", field, "the name of %s is missing; write %s", thing, pattern)
	}
	if prefix != "" && isID(name) {
		return apperr.Invalid("INVALID_NAME", field, "%s is a bare id; write %s", quote(name), prefix+name)
	}
	return apperr.Invalid("INVALID_NAME", field, "%s is not the name of %s; write %s", quote(name), thing, pattern)
}

// quote returns a caller's text for a message: quoted, without control characters, and shortened if it is
// long.
func quote(text string) string {
	const longest = 80
	if len(text) > longest {
		return strconv.QuoteToGraphic(text[:longest]) + "…"
	}
	return strconv.QuoteToGraphic(text)
}

// quoteRune returns a character for a message.
func quoteRune(c rune) string { return strconv.QuoteRuneToGraphic(c) }
