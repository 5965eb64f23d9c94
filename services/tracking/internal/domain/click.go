package domain

// JudgeCouponClick fills in what a click's code means at the click's time: its coupon, spelling and
// publisher, or the reason why it earns no coupon attribution. coupons are the offer's coupons with the
// code; if the click names a publisher, it must be the coupon's. It returns the click's coupon, valid or
// not, or nil if no coupon matches.
func JudgeCouponClick(click *Click, coupons []Coupon) *Coupon {
	var holders, valid []*Coupon
	for i := range coupons {
		c := &coupons[i]
		if click.Publisher != "" && c.Publisher != click.Publisher {
			continue
		}
		holders = append(holders, c)
		if c.Judge(click.Time, 0) == NoReason {
			valid = append(valid, c)
		}
	}
	if len(valid) == 1 {
		holders = valid
	}
	switch len(holders) {
	case 0:
		click.Reason = UnknownCode
	case 1:
		c := holders[0]
		click.Coupon, click.CouponCode, click.Publisher = c.Name(), c.Code, c.Publisher
		click.Reason = c.Judge(click.Time, 0)
		return c
	default:
		click.Reason = AmbiguousCode
	}
	return nil
}
