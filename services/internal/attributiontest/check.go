package attributiontest

import (
	"errors"
	"fmt"
	"time"
)

const (
	// maxAhead is how far in the future the product accepts a sale, less the time that a run may take.
	maxAhead = 4 * time.Minute
	// margin is the minimum distance of a time from a limit that the running product checks.
	margin = 2 * time.Minute
)

// check reports errors in the form of a case.
func (c Case) check() error {
	switch {
	case c.Name == "" || c.Says == "":
		return errors.New("it has no name, or no sentence")
	case c.Only != "" && c.Only != OnlyRules:
		return fmt.Errorf("only: there is no player %q", c.Only)
	case (c.Only != "") != (c.Why != ""):
		return errors.New("only and why go together")
	case c.Sale.Click == Made && c.Click == nil:
		return errors.New("the sale names a click that is not made")
	case c.Sale.Time.Or(0) > maxAhead:
		return fmt.Errorf("a sale can be at most %s ahead", maxAhead)
	case (c.Want.Outcome == "ATTRIBUTED") != (c.Want.Publisher != "" && c.Want.Method != ""):
		return errors.New("a publisher and a method go with ATTRIBUTED, and only with that")
	case c.Want.Outcome == "UNATTRIBUTED" && c.Want.Reason == "":
		return errors.New("an unattributed sale has a reason")
	}
	return c.checkMargins()
}

// checkMargins refuses times that a slow run could put on the wrong side of a limit. The click is made some time after
// the moment that all times are relative to.
func (c Case) checkMargins() error {
	if c.Only == OnlyRules || c.Click == nil {
		return nil
	}
	windows := []*Span{c.Offer.ClickWindow, c.After.Offer.ClickWindow}
	for _, coupon := range append(c.Coupons, c.After.Coupons...) {
		windows = append(windows, coupon.ClickWindow)
		for _, at := range []*Span{coupon.Start, coupon.Expire} {
			if at != nil && time.Duration(*at).Abs() < margin {
				return fmt.Errorf("a coupon starts or expires within %s of the click", margin)
			}
		}
	}
	for _, window := range windows {
		if past := c.Sale.Time.Or(0) - window.Or(0); window != nil && past.Abs() < margin {
			return fmt.Errorf("the sale comes within %s of the end of a click window", margin)
		}
	}
	return nil
}
