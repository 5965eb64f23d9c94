package domain

import (
	"time"
)

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

// lapsed says whether the coupon had expired at a time, so that no more than its grace lets it earn.
func (c Coupon) lapsed(at time.Time) bool {
	return !c.ExpireTime.IsZero() && !at.Before(c.ExpireTime)
}

// grace returns how long after its expiry the coupon still earns: its own grace, else its offer's.
func (c Coupon) grace(offer Offer) time.Duration {
	if c.Settings.CouponGrace != nil {
		return *c.Settings.CouponGrace
	}
	return offer.CouponGrace
}
