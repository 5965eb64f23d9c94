package domain

import "time"

// Limits bound how many sales a coupon earns; 0 is no bound.
type Limits struct {
	Total int64
	Daily int64
}

// Limited says whether there is a bound.
func (l Limits) Limited() bool { return l.Total > 0 || l.Daily > 0 }

// Use is one sale's claim on a coupon that has limits.
type Use struct {
	// Coupon is the coupon's resource name, Code its code.
	Coupon string
	Code   string
	// ETag is the coupon's revision: under another one the uses are counted anew.
	ETag   string
	Limits Limits
	// From and To are the begin and the end, exclusive, of the sale's day in the program's time zone.
	From time.Time
	To   time.Time
}

// Limited reports whether a use is bounded; nil is none, and is not.
func (u *Use) Limited() bool { return u != nil && u.Limits.Limited() }

// Day names the day of a use, as 2026-11-22.
func (u Use) Day() string { return u.From.Format(time.DateOnly) }
