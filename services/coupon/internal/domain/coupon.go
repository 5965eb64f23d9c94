package domain

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// NoExpiry returns the time that is stored and compared as "does not expire": the last millisecond of the
// year 9999.
func NoExpiry() time.Time {
	return time.Date(9999, time.December, 31, 23, 59, 59, 999_000_000, time.UTC)
}

// Expiry returns when the coupon expires, NoExpiry if it does not.
func (c Coupon) Expiry() time.Time {
	if c.ExpireTime.IsZero() {
		return NoExpiry()
	}
	return c.ExpireTime
}

// Name returns the coupon's resource name.
func (c Coupon) Name() string { return resource.Coupon(c.Offer, c.Publisher, c.Code) }

// CheckCoupon returns a coupon as it is stored: with its code and note trimmed, its times in UTC and whole
// milliseconds, and an expire time of NoExpiry removed. An expire time in the past is allowed, so that
// history can be imported. The error names every field at fault; an expire time at or before the start time
// is INVALID_TIME_RANGE on `expire_time`.
func CheckCoupon(c Coupon) (Coupon, error) {
	var found apperr.Findings
	code, err := ParseCode(c.Code)
	found.Add(err)
	c.Code = code
	c.StartTime = c.StartTime.UTC().Truncate(time.Millisecond)
	found.Add(checkTime("start_time", c.StartTime))
	c.ExpireTime, err = checkExpiry(c.ExpireTime, c.StartTime)
	found.Add(err)
	c.InternalNote = pasted.Trim(c.InternalNote)
	found.Add(checkNote(c.InternalNote))
	c.Payout, err = checkPayout("payout", c.Payout)
	found.Add(err)
	found.Add(checkSettings(c.Settings))
	found.Add(checkLimit("usage_limit", c.UsageLimit))
	found.Add(checkLimit("daily_usage_limit", c.DailyUsageLimit))
	found.Add(checkDiscount(c.Discount))
	return c, found.Err()
}

// checkSettings returns what is wrong with a coupon's own settings: INVALID_SETTINGS on each at fault.
func checkSettings(s CouponSettings) error {
	var found apperr.Findings
	if s.Precedence != "" {
		found.Add(checkPrecedence("settings.precedence", s.Precedence))
	}
	if s.ClickWindow.IsSet {
		found.Add(checkWindow("settings.click_window", s.ClickWindow.Value))
	}
	if s.CouponGrace.IsSet {
		found.Add(checkGrace("settings.coupon_grace", s.CouponGrace.Value))
	}
	if s.DefaultConversionStatus != "" {
		found.Add(checkStart("settings.default_conversion_status", s.DefaultConversionStatus))
	}
	if s.FallbackURL != "" {
		found.Add(checkURL("settings.fallback_url", s.FallbackURL))
	}
	return found.Err()
}

// checkDiscount returns INVALID_DISCOUNT on the field at fault, or nil.
func checkDiscount(d discount.Discount) error {
	if d.IsNone() {
		return nil
	}
	field, err := d.Check()
	if err != nil {
		return invalid(strings.TrimSuffix("discount."+field, "."), "%v", err)
	}
	return nil
}

// checkExpiry returns an expire time as it is stored.
func checkExpiry(expire, start time.Time) (time.Time, error) {
	expire = expire.UTC().Truncate(time.Millisecond)
	if expire.IsZero() || expire.Equal(NoExpiry()) {
		return time.Time{}, nil
	}
	if err := checkTime("expire_time", expire); err != nil {
		return expire, err
	}
	if !expire.After(start) {
		return expire, apperr.Invalid("INVALID_TIME_RANGE", "expire_time", "the coupon would expire at %s; that must be after its start at %s",
			expire.Format(time.RFC3339Nano), start.Format(time.RFC3339Nano)).
			With("start_time", start.Format(time.RFC3339Nano)).With("expire_time", expire.Format(time.RFC3339Nano))
	}
	return expire, nil
}

// CouponState is a coupon's state at a moment, from its own dates and switches.
type CouponState string

// The states of a coupon.
const (
	CouponScheduled CouponState = "SCHEDULED"
	CouponActive    CouponState = "ACTIVE"
	CouponExpired   CouponState = "EXPIRED"
	CouponDisabled  CouponState = "DISABLED"
	CouponArchived  CouponState = "ARCHIVED"
)

// StateOf returns a coupon's state at a moment. ARCHIVED takes precedence over DISABLED, and DISABLED over
// what the dates say.
func StateOf(c Coupon, now time.Time) CouponState {
	switch {
	case c.Archived:
		return CouponArchived
	case !c.Enabled:
		return CouponDisabled
	case now.Before(c.StartTime):
		return CouponScheduled
	case !now.Before(c.Expiry()):
		return CouponExpired
	default:
		return CouponActive
	}
}
