package app

// CouponUses are how often a coupon that has limits was used: another way of saying what the conversions say.
type CouponUses struct {
	// Coupon is the coupon's resource name.
	Coupon string
	// Day is that of domain.Use; empty: the uses are those of all days.
	Day string
	// ETag is the coupon's revision as of which the uses were counted.
	ETag string
	Uses int64
}
