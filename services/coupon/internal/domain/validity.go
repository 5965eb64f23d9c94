package domain

import "time"

// Reason says why a code does not give its discount, or why its coupon cannot be named.
type Reason string

// The reasons. NoReason means that the code is valid.
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

// Validity returns why a coupon is not valid at a moment; NoReason if it is. Reasons about the coupon itself
// come before those about its offer and its publisher.
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

// MaxSharers is the largest number of coupons with one code that an answer lists.
const MaxSharers = 100

// Verdict says whether a code gives its discount, and whose it is.
type Verdict struct {
	// Valid reports whether the code gives its discount.
	Valid bool
	// Reason says why the code is not valid. It is AmbiguousCode if several valid coupons have it.
	Reason Reason
	// Coupon is the only coupon that the code can mean, valid or not; nil if no coupon or several have it.
	Coupon *Candidate
	// Names has the names of the valid coupons if there are several, at most MaxSharers.
	Names []string
	// Time is the moment that the verdict is for.
	Time time.Time
}

// Judge returns the verdict on a code at a moment, given all coupons that have it. If publisher is not empty,
// only that publisher's coupons count. Valid coupons take precedence over others.
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

// nearer returns the reason that is closer to a valid code. It is what a shopper sees if several coupons have
// the code and none is valid.
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
