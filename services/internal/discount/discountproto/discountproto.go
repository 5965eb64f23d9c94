// Package discountproto converts discounts to and from the protos of the API.
package discountproto

import (
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
)

// OfDiscount returns the proto of a discount; nil for no discount.
func OfDiscount(d discount.Discount) *couponv1.Discount {
	if d.IsNone() {
		return nil
	}
	p := &couponv1.Discount{
		Fixed: amountsProto(d.Fixed), FreeShipping: d.Kind == discount.FreeShipping,
		MinimumAmount: amountsProto(d.Minimum), MaximumDiscount: amountsProto(d.Maximum),
		FirstOrderOnly: d.FirstOrderOnly, IncludedIds: d.Included.List(), ExcludedIds: d.Excluded.List(),
	}
	if d.Kind == discount.Percent {
		p.Percent = money.FormatPercent(d.Percent)
	}
	return p
}

// Discount returns the discount in a proto; none for nil. The error (INVALID_DISCOUNT) names each field that cannot be
// read. Discount.Check checks the rest.
func Discount(p *couponv1.Discount) (discount.Discount, error) {
	const reason = "INVALID_DISCOUNT"
	if p == nil {
		return discount.Discount{}, nil
	}
	var found apperr.Findings
	note := func(field string, err error) {
		if err != nil {
			found.Add(apperr.Invalid(reason, "discount."+field, "%v", err))
		}
	}
	d := discount.Discount{FirstOrderOnly: p.GetFirstOrderOnly()}
	var kinds int
	if p.GetPercent() != "" {
		var err error
		d.Kind, kinds = discount.Percent, kinds+1
		d.Percent, err = money.ParsePercent(p.GetPercent())
		note("percent", err)
	}
	if len(p.GetFixed()) > 0 {
		d.Kind, kinds = discount.Fixed, kinds+1
	}
	if p.GetFreeShipping() {
		d.Kind, kinds = discount.FreeShipping, kinds+1
	}
	var errs [5]error
	d.Fixed, errs[0] = amounts(p.GetFixed())
	d.Minimum, errs[1] = amounts(p.GetMinimumAmount())
	d.Maximum, errs[2] = amounts(p.GetMaximumDiscount())
	d.Included, errs[3] = discount.IDsOf(p.GetIncludedIds())
	d.Excluded, errs[4] = discount.IDsOf(p.GetExcludedIds())
	for i, field := range [...]string{"fixed", "minimum_amount", "maximum_discount", "included_ids", "excluded_ids"} {
		note(field, errs[i])
	}
	if kinds != 1 {
		found.Add(apperr.Invalid(reason, "discount", "the discount sets %d of percent, fixed and free_shipping; set exactly one", kinds))
	}
	if err := found.Err(); err != nil {
		return discount.Discount{}, err
	}
	return d, nil
}

func amounts(list []*couponv1.Money) (money.Amounts, error) {
	all := make([]money.Money, len(list))
	for i, m := range list {
		all[i] = moneyproto.Money(m)
	}
	return money.AmountsOf(all)
}

func amountsProto(a money.Amounts) []*couponv1.Money {
	var list []*couponv1.Money
	for _, m := range a.List() {
		list = append(list, moneyproto.OfMoney(m))
	}
	return list
}
