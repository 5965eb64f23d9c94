package domain

import "slices"

// After returns the conversion with the state that it had after its first changes, as many as are given; 0
// is its creation. What is not of a State is as it is now. Offer, Click and ConversionTime never change, so
// that figures of the past can be made of it.
func (c Conversion) After(changes int) Conversion {
	if changes >= len(c.Changes) {
		return c
	}
	return c.withState(c.Changes[changes].From)
}

// AsOf is After with all else that is known of that moment: UpdateTime, StatusReason, and no later Changes.
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

// Backfill gives the changes that were stored before Method and CouponCode were kept the best that is known
// of them: what the conversion had afterwards. It changes Changes in place. lacks says which changes those
// are, by their index.
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
