package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/discount"
)

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
	LimitReached  Reason = "LIMIT_REACHED"

	// The reasons why a valid code takes nothing off a basket.

	BelowMinimum         Reason = "BELOW_MINIMUM"
	NotFirstOrder        Reason = "NOT_FIRST_ORDER"
	NoEligibleItem       Reason = "NO_ELIGIBLE_ITEM"
	CurrencyNotSupported Reason = "CURRENCY_NOT_SUPPORTED"
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
	// Discount is the discount of the valid coupons with the code; nil if no coupon is valid, or if several are valid
	// and their discounts differ.
	Discount *discount.Discount
	// Saving is what the code takes off a basket; nil without a basket or a discount.
	Saving *Saving
	// Reason says why the code is not valid. It is AmbiguousCode if several valid coupons have it.
	Reason Reason
	// Coupon is the only coupon that the code can mean, valid or not; nil if no coupon or several have it.
	Coupon *Candidate
	// Names has the names of the valid coupons if there are several, at most MaxSharers.
	Names []string
	// LimitsUnknown reports whether nobody could say if the coupon has a use left.
	LimitsUnknown bool
	// Time is the moment that the verdict is for.
	Time time.Time
}

// Limits returns the usage limits that decide on the verdict. limited is false without limits: the code is not
// valid, several valid coupons have it, or its coupon has no limits.
func (v *Verdict) Limits() (limits Limits, limited bool) {
	if !v.Valid || v.Coupon == nil {
		return Limits{}, false
	}
	c := &v.Coupon.Coupon
	if c.UsageLimit == 0 && c.DailyUsageLimit == 0 {
		return Limits{}, false
	}
	name := c.Name()
	return Limits{Coupon: name, Etag: Etag(name, c.Revision), Total: c.UsageLimit, Daily: c.DailyUsageLimit}, true
}

// OverLimit returns the verdict if the coupon has no use left.
func (v Verdict) OverLimit() Verdict {
	v.Valid, v.Reason, v.Discount = false, LimitReached, nil
	return v
}

// Limits are the usage limits of a coupon's revision.
type Limits struct {
	// Coupon is the coupon's name, and Etag its revision's.
	Coupon, Etag string
	// Total and Daily are the largest numbers of sales, in all and in a day; 0: no limit.
	Total, Daily int64
}

// Judge returns the verdict on a code at a moment, given all coupons that have it. If publisher is not empty,
// only that publisher's coupons count. Valid coupons take precedence over others.
func Judge(candidates []Candidate, publisher string, now time.Time) Verdict {
	var valid, invalid *Candidate
	found, validOnes, reason, differ := 0, 0, UnknownCode, false
	for i := range candidates {
		c := &candidates[i]
		if publisher != "" && c.Coupon.Publisher != publisher {
			continue
		}
		found++
		why := Validity(c, now)
		if why == NoReason {
			differ = differ || valid != nil && valid.Coupon.Discount != c.Coupon.Discount
			valid = c
			validOnes++
			continue
		}
		invalid = c
		reason = nearer(reason, why)
	}
	switch {
	case validOnes == 1:
		return Verdict{Time: now, Valid: true, Coupon: valid, Discount: &valid.Coupon.Discount}
	case validOnes > 1:
		verdict := Verdict{Time: now, Valid: true, Reason: AmbiguousCode, Names: validNames(candidates, publisher, now)}
		if !differ {
			verdict.Discount = &valid.Coupon.Discount
		}
		return verdict
	case found == 1:
		return Verdict{Time: now, Reason: reason, Coupon: invalid}
	default:
		return Verdict{Time: now, Reason: reason}
	}
}

// For returns the verdict for a basket, which must have passed CheckBasket. It has what the code takes off, or is not
// valid if the basket does not meet the discount's conditions.
func (v Verdict) For(b Basket) Verdict {
	if v.Discount == nil || v.Discount.IsNone() {
		return v
	}
	saving := Save(*v.Discount, b)
	v.Saving = &saving
	if saving.Reason != NoReason {
		v.Valid, v.Reason = false, saving.Reason
	}
	return v
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
