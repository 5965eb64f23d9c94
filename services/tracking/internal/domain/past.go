package domain

import "slices"

// After returns the conversion with the State that it had after the given number of changes; 0 is its
// creation. All other fields keep their present values. Offer, Click and ConversionTime never change, so
// figures of the past can be computed from the result.
func (c Conversion) After(changes int) Conversion {
	if changes >= len(c.Changes) {
		return c
	}
	return c.withState(c.Changes[changes].From)
}

// AsOf is like After, but also restores UpdateTime and StatusReason, and drops later Changes.
func (c Conversion) AsOf(changes int) Conversion {
	if changes >= len(c.Changes) {
		return c
	}
	past := c.After(changes)
	past.Changes = c.Changes[:changes:changes]
	past.UpdateTime = c.CreateTime
	for _, change := range past.Changes {
		if change.By.Time.After(past.UpdateTime) {
			past.UpdateTime = change.By.Time
		}
	}
	settles := func(change Change) bool { return change.Kind == ChangeReject || change.Kind == ChangeApprove }
	if !slices.ContainsFunc(c.Changes[changes:], settles) {
		return past
	}
	past.StatusReason = ""
	for _, change := range slices.Backward(past.Changes) {
		if change.Kind == ChangeReject {
			past.StatusReason = change.By.Reason
		}
		if settles(change) {
			break
		}
	}
	return past
}

func (c Conversion) withState(s State) Conversion {
	c.Status, c.Outcome, c.Reason, c.Publisher, c.Coupon = s.Status, s.Outcome, s.Reason, s.Publisher, s.Coupon
	c.Method, c.CouponCode = s.Method, s.CouponCode
	c.Amount, c.Refunded, c.Payout, c.Revenue = s.Amount, s.Refunded, s.Payout, s.Revenue
	return c
}

// Backfill fills in Method and CouponCode in changes stored before these fields were added, with the values
// that the conversion had afterwards, the best that is known. It modifies Changes in place. lacks reports
// whether the change with an index lacks them.
func (c *Conversion) Backfill(lacks func(change int) bool) {
	after := c.State()
	for i := len(c.Changes) - 1; i >= 0; i-- {
		change := &c.Changes[i]
		if lacks(i) {
			change.To.Method, change.To.CouponCode = after.Method, after.CouponCode
			change.From.Method, change.From.CouponCode = after.Method, after.CouponCode
		}
		after = change.From
	}
}
