package rules

import (
	"strings"
	"time"
)

// FoldCode returns the form of a code in which two codes are the same code: trimmed, upper case.
func FoldCode(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// Judge says what, if anything, keeps a coupon from being valid at a time, with a grace after its
// expiry. Start is inclusive, expiry exclusive.
func (c Coupon) Judge(at time.Time, grace time.Duration) Reason {
	switch {
	case !c.Enabled:
		return Disabled
	case at.Before(c.StartTime):
		return NotStarted
	case !c.ExpireTime.IsZero() && !at.Before(c.ExpireTime.Add(grace)):
		return Expired
	case !c.OfferActive:
		return OfferInactive
	case !c.Approved:
		return NotApproved
	}
	return NoReason
}

// grace returns how long after its expiry the coupon still earns: its own grace, else its offer's.
func (c Coupon) grace(offer Offer) time.Duration {
	if c.Settings.CouponGrace != nil {
		return *c.Settings.CouponGrace
	}
	return offer.CouponGrace
}

// IsCode says whether a text can be a coupon's code: 3 to 64 ASCII letters and digits.
func IsCode(text string) bool {
	ok := len(text) >= 3 && len(text) <= 64
	for _, c := range []byte(text) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
	}
	return ok
}
