package rollup

import (
	"fmt"
)

// Recount is what a recount found.
type Recount struct {
	// Counted is how many cells there are.
	Counted int64
	// Differing are those that were kept as something else, in no order.
	Differing []Difference
}

// Difference is a cell that was kept as something else than was counted.
type Difference struct {
	Key           CellKey
	Kept, Counted Measures
}

// String says what differs, in words.
func (d Difference) String() string {
	k := d.Key
	period := k.Day().String()
	if k.Cube.Monthly() {
		period = "the month from " + period
	}
	return fmt.Sprintf("%s, offer %q, publisher %q, code %q, status %q, method %q, currency %q: kept %+v, counted %+v",
		period, k.Offer, k.Publisher, k.CouponCode, k.Status, k.Method, k.Currency, d.Kept, d.Counted)
}

// Counted says by which days figures are, and that everything is in them. A store without figures has none.
type Counted struct {
	// Zone is the name of the time zone.
	Zone string
}
