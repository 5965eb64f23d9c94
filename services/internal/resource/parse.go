package resource

import (
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// The functions in this file parse names that callers send. They ignore the invisible characters that pasting adds around
// each part. For any other text they return INVALID_NAME on the given field.

// ParseOffer returns the id in an offer's name.
func ParseOffer(field, name string) (string, error) {
	if id, ok := cutID(name, Offers); ok {
		return id, nil
	}
	return "", badName(field, name, Offers, "an offer", "offers/{offer}")
}

// ParsePublisher returns the id in a publisher's name.
func ParsePublisher(field, name string) (string, error) {
	if id, ok := cutID(name, Publishers); ok {
		return id, nil
	}
	return "", badName(field, name, Publishers, "a publisher", "publishers/{publisher}")
}

// ParseParent returns the offer's id in the parent of a list, "" for AnyOffer. The field is `parent`.
func ParseParent(name string) (string, error) {
	if name == AnyOffer {
		return "", nil
	}
	return ParseOffer("parent", name)
}

// ParseApproval returns the ids in an approval's name.
func ParseApproval(field, name string) (offer, publisher string, err error) {
	offer, publisher, ok := cutOffers(name, approvalsPart)
	if !ok || !IsID(publisher) {
		return "", "", badName(field, name, "", "an approval", "offers/{offer}/approvals/{publisher}")
	}
	return offer, publisher, nil
}

// ParseCoupon returns the ids and the folded code in a coupon's name. The code may be in any case.
func ParseCoupon(field, name string) (offer, publisher, code string, err error) {
	offer, id, ok := cutOffers(name, couponsPart)
	publisher, code, _ = strings.Cut(id, ".")
	publisher, code = pasted.Trim(publisher), pasted.Trim(code)
	if !ok || !IsID(publisher) || !couponcode.Is(code) {
		return "", "", "", badName(field, name, "", "a coupon", "offers/{offer}/coupons/{publisher}.{CODE}")
	}
	return offer, publisher, couponcode.Fold(code), nil
}

// ParseScan returns the ids in the name of a scan of an offer's links.
func ParseScan(field, name string) (offer, id string, err error) {
	offer, id, ok := cutOffers(name, scansPart)
	if !ok || !isPart(id) {
		return "", "", badName(field, name, "", "a scan", "offers/{offer}/scans/{scan}")
	}
	return offer, id, nil
}

// ParsePostbackToken returns the ids in a postback token's name.
func ParsePostbackToken(field, name string) (offer, id string, err error) {
	offer, id, ok := cutOffers(name, tokensPart)
	if !ok || !isPart(id) {
		return "", "", badName(field, name, "", "a postback token", "offers/{offer}/postbackTokens/{postback_token}")
	}
	return offer, id, nil
}

// ParseConversion returns the id in a conversion's name.
func ParseConversion(field, name string) (string, error) {
	return parseGiven(field, name, Conversions, "a conversion", "conversions/{conversion}")
}

// ParsePostback returns the id in a postback's name.
func ParsePostback(field, name string) (string, error) {
	return parseGiven(field, name, Postbacks, "a postback", "postbacks/{postback}")
}

// ParseDelivery returns the id in a delivery's name.
func ParseDelivery(field, name string) (string, error) {
	return parseGiven(field, name, Deliveries, "a delivery", "deliveries/{delivery}")
}

// ParseSavedReport returns the id in a saved report's name.
func ParseSavedReport(field, name string) (string, error) {
	return parseGiven(field, name, SavedReports, "a saved report", "savedReports/{saved_report}")
}

// ParseReservation returns the id in a reservation's name.
func ParseReservation(field, name string) (string, error) {
	return parseGiven(field, name, Reservations, "a reservation", "reservations/{reservation}")
}

// ParseKey returns the id in an API key's name.
func ParseKey(field, name string) (string, error) {
	return parseGiven(field, name, Keys, "an API key", "keys/{key}")
}

// parseGiven returns the id in the name of a resource whose ids the service assigns.
func parseGiven(field, name, collection, thing, pattern string) (string, error) {
	id, ok := strings.CutPrefix(name, collection)
	if id = pasted.Trim(id); ok && isPart(id) {
		return id, nil
	}
	return "", badName(field, name, "", thing, pattern)
}

// isPart reports whether a text can be one part of a name.
func isPart(text string) bool { return text != "" && !strings.Contains(text, "/") }

// cutID returns the id after a prefix in a name. ok is false if the name has no id.
func cutID(name, prefix string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, prefix)
	id = pasted.Trim(id)
	return id, ok && IsID(id)
}

// cutOffers splits the name of a resource below an offer at part. It returns the offer's id and the rest.
func cutOffers(name, part string) (offer, rest string, ok bool) {
	rest, isOffers := strings.CutPrefix(name, Offers)
	offer, rest, found := strings.Cut(rest, part)
	offer = pasted.Trim(offer)
	return offer, pasted.Trim(rest), isOffers && found && IsID(offer)
}

// badName returns the error for a text that is not a valid name. If the text is a bare id, the error suggests the name.
func badName(field, name, prefix, thing, pattern string) error {
	if name == "" {
		return apperr.Invalid("INVALID_NAME", field, "the name of %s is missing; write %s", thing, pattern)
	}
	if prefix != "" && IsID(name) {
		return apperr.Invalid("INVALID_NAME", field, "%s is a bare id; write %s", pasted.Quote(name), prefix+name)
	}
	return apperr.Invalid("INVALID_NAME", field, "%s is not the name of %s; write %s", pasted.Quote(name), thing, pattern)
}
