package domain

import "time"

// Judge says what keeps a coupon from being valid at a time, or NoReason. It stays valid for the grace after
// its expiry. Start is inclusive, expiry exclusive.
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

// lapsed reports whether the coupon had expired at a time, so that only its grace lets it earn.
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

// Limits bound how many sales a coupon earns; 0 is no bound.
type Limits struct {
	Total int64
	Daily int64
}

// Limited reports whether either bound is set.
func (l Limits) Limited() bool { return l.Total > 0 || l.Daily > 0 }

// Use is one sale's claim on a coupon that has limits.
type Use struct {
	// Coupon is the coupon's resource name, Code its code.
	Coupon string
	Code   string
	// ETag is the coupon's revision. The uses are recounted when it changes.
	ETag   string
	Limits Limits
	// From and To bound the sale's day in the program's time zone; To is exclusive.
	From time.Time
	To   time.Time
	// Now is when the use is taken. Reservations that expire by then hold nothing.
	Now time.Time
	// Reservation and TransactionID are those of the sale; its own reservations do not count against it. "" for none.
	Reservation   string
	TransactionID string
	// Conversion is the id of the sale's conversion, which takes its reservations.
	Conversion string
}

// Limited reports whether the use is of a coupon with limits. A nil use is not.
func (u *Use) Limited() bool { return u != nil && u.Limits.Limited() }

// Counted reports whether the use has to be stored: it counts in the coupon's limits, or it takes a reservation. A nil
// use has not.
func (u *Use) Counted() bool { return u.Limited() || u != nil && u.Reservation != "" }

// Day names the day of a use, as 2026-11-22.
func (u Use) Day() string { return u.From.Format(time.DateOnly) }

// CouponUses counts the uses of a coupon that has limits. It could also be computed from the conversions.
type CouponUses struct {
	// Coupon is the coupon's resource name.
	Coupon string
	// Day is as returned by Use.Day; "" for the uses of all days.
	Day string
	// ETag is the coupon's revision when the uses were counted.
	ETag string
	Uses int64
}
