package domain

import "time"

// Reason says why a code does not give its discount, or why its coupon cannot be named.
type Reason string

// The reasons; NoReason means that nothing stands in the way.
const (
	NoReason      Reason = ""
	UnknownCode   Reason = "UNKNOWN_CODE"
	AmbiguousCode Reason = "AMBIGUOUS_CODE"
	Expired       Reason = "EXPIRED"
	NotStarted    Reason = "NOT_STARTED"
	Disabled      Reason = "DISABLED"
	NotApproved   Reason = "NOT_APPROVED"
	OfferInactive Reason = "OFFER_INACTIVE"
)

// Validity says why a coupon is not valid at a moment; NoReason if it is. What concerns the coupon
// itself is named before what concerns its offer and its publisher.
func Validity(c *Candidate, now time.Time) Reason {
	switch StateOf(c.Coupon, now) {
	case CouponArchived, CouponDisabled:
		return Disabled
	case CouponScheduled:
		return NotStarted
	case CouponExpired:
		return Expired
	}
	switch {
	case c.OfferState != OfferActive:
		return OfferInactive
	case c.PublisherState != PublisherActive || c.ApprovalState != ApprovalApproved:
		return NotApproved
	}
	return NoReason
}

// MaxSharers is how many coupons with one code an answer lists at most.
const MaxSharers = 100

// Verdict says whether a code gives its discount, and whose code it is.
type Verdict struct {
	// Valid says that the code gives its discount.
	Valid bool
	// Reason says why not; or AmbiguousCode, when the code is valid for several.
	Reason Reason
	// Coupon is the coupon that the code means, nil where it means none, or several.
	Coupon *Candidate
	// Names are the valid coupons' names where there are several, MaxSharers at most.
	Names []string
	// Time is the moment that was judged.
	Time time.Time
}

// Judge says what a code is worth at a moment, given all coupons that have it. Where publisher is
// not empty, only that publisher's count. A valid coupon counts before any that is not.
func Judge(candidates []Candidate, publisher string, now time.Time) Verdict {
	var valid, invalid *Candidate
	found, validOnes, reason := 0, 0, UnknownCode
	for i := range candidates {
		c := &candidates[i]
		if publisher != "" && c.Coupon.Publisher != publisher {
			continue
		}
		found++
		why := Validity(c, now)
		if why == NoReason {
			valid = c
			validOnes++
			continue
		}
		invalid = c
		reason = nearer(reason, why)
	}
	switch {
	case validOnes == 1:
		return Verdict{Time: now, Valid: true, Coupon: valid}
	case validOnes > 1:
		return Verdict{Time: now, Valid: true, Reason: AmbiguousCode, Names: validNames(candidates, publisher, now)}
	case found == 1:
		return Verdict{Time: now, Reason: reason, Coupon: invalid}
	default:
		return Verdict{Time: now, Reason: reason}
	}
}

// nearer returns which of two reasons is nearer to a valid code: it is what a shopper is told when
// several coupons have the code and none is valid.
func nearer(a, b Reason) Reason {
	for _, reason := range [...]Reason{NotStarted, Expired, OfferInactive, NotApproved, Disabled} {
		if a == reason || b == reason {
			return reason
		}
	}
	return UnknownCode
}

// validNames returns the names of the candidates that are valid.
func validNames(candidates []Candidate, publisher string, now time.Time) []string {
	var names []string
	for i := range candidates {
		c := &candidates[i]
		if publisher != "" && c.Coupon.Publisher != publisher || Validity(c, now) != NoReason {
			continue
		}
		names = append(names, c.Coupon.Name())
		if len(names) == MaxSharers {
			break
		}
	}
	return names
}
