package rollup

import (
	"fmt"
)

// Recount is the result of recounting figures.
type Recount struct {
	// Counted is the number of cells that were recounted.
	Counted int64
	// Differing are the cells whose stored figures were wrong, in no order.
	Differing []Difference
}

// Difference is a cell whose stored figures differ from the recounted ones.
type Difference struct {
	Key           CellKey
	Kept, Counted Measures
}

// String describes the difference.
func (d Difference) String() string {
	k := d.Key
	period := k.Day().String()
	if k.Cube.Monthly() {
		period = "the month from " + period
	}
	return fmt.Sprintf("%s, offer %q, publisher %q, code %q, status %q, method %q, currency %q: kept %+v, counted %+v",
		period, k.Offer, k.Publisher, k.CouponCode, k.Status, k.Method, k.Currency, d.Kept, d.Counted)
}

// Counted says that a store's figures are complete, and names the time zone of their days.
type Counted struct {
	// Zone is the name of the time zone.
	Zone string
	// ClicksSince is the time since which all clicks are kept, in Unix milliseconds; figures of before may have more clicks
	// than are stored.
	ClicksSince int64
}
