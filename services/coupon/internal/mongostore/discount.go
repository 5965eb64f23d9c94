package mongostore

import (
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// discountDocument is a coupon's discount. Amounts and ids are the texts of money.Amounts and discount.IDs.
type discountDocument struct {
	Kind            discount.Kind `bson:"kind"`
	Percent         int64         `bson:"percent"`
	Fixed           money.Amounts `bson:"fixed"`
	MinimumAmount   money.Amounts `bson:"minimum_amount"`
	MaximumDiscount money.Amounts `bson:"maximum_discount"`
	FirstOrderOnly  bool          `bson:"first_order_only"`
	IncludedIDs     discount.IDs  `bson:"included_ids"`
	ExcludedIDs     discount.IDs  `bson:"excluded_ids"`
}

func encodeDiscount(d discount.Discount) discountDocument {
	return discountDocument{
		Kind:            d.Kind,
		Percent:         d.Percent,
		Fixed:           d.Fixed,
		MinimumAmount:   d.Minimum,
		MaximumDiscount: d.Maximum,
		FirstOrderOnly:  d.FirstOrderOnly,
		IncludedIDs:     d.Included,
		ExcludedIDs:     d.Excluded,
	}
}

func (d discountDocument) decode() discount.Discount {
	return discount.Discount{
		Kind:           d.Kind,
		Percent:        d.Percent,
		Fixed:          d.Fixed,
		Minimum:        d.MinimumAmount,
		Maximum:        d.MaximumDiscount,
		FirstOrderOnly: d.FirstOrderOnly,
		Included:       d.IncludedIDs,
		Excluded:       d.ExcludedIDs,
	}
}
