package conversions

import (
	"context"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// A conversion can tell of other publishers: of one whose code or click did not count, and, after it was reassigned, of
// the one before. A caller who is limited to publishers is not told that, and cannot filter by it. Fields that tell
// nothing else are hidden by an option in the protos. Here are the fields that are the publisher's own in other
// conversions.

// told returns a conversion as the caller is told it.
func told(r rows.Rows, c domain.Conversion) domain.Conversion {
	if !r.LimitedByPublishers() {
		return c
	}
	if c.Coupon == "" {
		c.CouponCode = "" // the code of the order, which earned nothing
	}
	if c.Method == domain.ByHand { // the click was the former publisher's
		c.PubUniques, c.PubClickID, c.PubSubID = [5]string{}, "", ""
		if c.Coupon != "" {
			c.PubUniques[2] = c.CouponCode
		}
	}
	switch c.Method {
	case domain.CouponCode:
		c.Explanation = "The code was yours and valid at the time of the sale."
	case domain.CouponLink:
		c.Explanation = "The click came through your link with the code."
	case domain.ByClick:
		c.Explanation = "The click was yours and within the click window."
	default:
		c.Explanation = "It was assigned to you by hand."
	}
	return c
}

// toldAll is told for a part of a list.
func toldAll(r rows.Rows, part []domain.Conversion) []domain.Conversion {
	if !r.LimitedByPublishers() {
		return part
	}
	all := make([]domain.Conversion, len(part))
	for i, c := range part {
		all[i] = told(r, c)
	}
	return all
}

// Query returns the query for a request about conversions, limited to those that the caller may know of. schema is one
// that Schema returned.
func Query(ctx context.Context, schema *listing.Schema, req listing.Request, now time.Time) (listing.Query, error) {
	r := rows.Of(ctx)
	q, err := schema.Query(req, r.In("publisher", "offer"), nil, now)
	if err != nil || !r.LimitedByPublishers() {
		return q, err
	}
	asks := func(fields ...string) bool {
		return asksAbout(q.Where, fields) || slices.ContainsFunc(q.Order, func(o listing.Order) bool { return slices.Contains(fields, o.Field) })
	}
	if asks("coupon_code_key") {
		q.Where = listing.And{q.Where, listing.Compare{Field: "coupon", Op: listing.NotEqual, Value: "", Optional: true}}
	}
	if asks("pub_unique1", "pub_unique2", "pub_unique3_key", "pub_unique4", "pub_unique5", "pub_click_id", "pub_sub_id") {
		q.Where = listing.And{q.Where, listing.Compare{Field: "method", Op: listing.NotEqual, Value: string(domain.ByHand)}}
	}
	return q, nil
}

// asksAbout reports whether a condition depends on one of some stored fields.
func asksAbout(e listing.Expr, fields []string) bool {
	asks := func(e listing.Expr) bool { return asksAbout(e, fields) }
	switch e := e.(type) {
	case listing.And:
		return slices.ContainsFunc(e, asks)
	case listing.Or:
		return slices.ContainsFunc(e, asks)
	case listing.Not:
		return asks(e.Expr)
	case listing.Compare:
		return slices.Contains(fields, e.Field)
	default:
		return false
	}
}
