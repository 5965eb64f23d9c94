package coupons

import (
	"net/url"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/discount/discountproto"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
)

// A discount in a form has the fields discount_kind (none, percent, fixed, free), discount (the percentage or the
// amounts), and its conditions by their names in the API.
const (
	discountKind    = "discount_kind"
	discountValue   = "discount"
	discountMinimum = "discount.minimum_amount"
	discountMaximum = "discount.maximum_discount"
	discountFirst   = "discount.first_order_only"
	discountOnly    = "discount.included_ids"
	discountNot     = "discount.excluded_ids"
)

// discountProperty is what a coupon gives the shopper.
func discountProperty() property {
	return property{Path: "discount", Fields: discountFields, Get: setDiscount, Set: readDiscount}
}

func discountFields(values url.Values) []ui.Field {
	fields := []ui.Field{
		{
			Name: discountKind, Label: "Discount", Kind: "select", Hint: "What the code gives the shopper.",
			Choices: []ui.Choice{{Value: "none", Label: "Not set here"}, {Value: "percent", Label: "Percent"}, {Value: "fixed", Label: "Amount"}, {Value: "free", Label: "Free shipping"}},
		},
		{Name: discountValue, Label: "Percent or amount", Placeholder: "20, or 5 EUR", Hint: "12.5 for a percentage. 5 EUR, 6 USD for an amount in each currency. Empty for free shipping."},
		{Name: discountMinimum, Label: "Minimum order", Placeholder: "50 EUR", Hint: "In each currency: 50 EUR, 55 USD. Without shipping. Empty: any."},
		{Name: discountMaximum, Label: "Maximum discount", Placeholder: "30 EUR", Hint: "In each currency: 30 EUR, 33 USD. Empty: no maximum."},
		{Name: discountFirst, Label: "First order only", Kind: "checkbox", Hint: "Only for a shopper's first order in the shop."},
		{Name: discountOnly, Label: "Only for", Placeholder: "shoes, bags", Hint: "The shop's ids of products or categories, separated by commas. Empty: all."},
		{Name: discountNot, Label: "Not for", Placeholder: "gift-cards", Hint: "The shop's ids of products or categories, separated by commas."},
	}
	for i := range fields {
		fields[i].Value = values.Get(fields[i].Name)
	}
	return fields
}

// setDiscount puts a coupon's discount into a form's values.
func setDiscount(c *coupon, values url.Values) {
	d := c.GetDiscount()
	switch {
	case d.GetPercent() != "":
		values.Set(discountKind, "percent")
		values.Set(discountValue, d.GetPercent())
	case len(d.GetFixed()) > 0:
		values.Set(discountKind, "fixed")
		values.Set(discountValue, amountsText(d.GetFixed()))
	case d.GetFreeShipping():
		values.Set(discountKind, "free")
	default:
		values.Set(discountKind, "none")
	}
	values.Set(discountMinimum, amountsText(d.GetMinimumAmount()))
	values.Set(discountMaximum, amountsText(d.GetMaximumDiscount()))
	if d.GetFirstOrderOnly() {
		values.Set(discountFirst, "on")
	}
	values.Set(discountOnly, strings.Join(d.GetIncludedIds(), ", "))
	values.Set(discountNot, strings.Join(d.GetExcludedIds(), ", "))
}

// readDiscount reads the discount of a form's values. What is typed for another kind is left out.
func readDiscount(values url.Values, c *coupon, errs ui.Errors) {
	d := &couponv1.Discount{
		MinimumAmount: amountsOf(values, discountMinimum, errs), MaximumDiscount: amountsOf(values, discountMaximum, errs),
		FirstOrderOnly: values.Get(discountFirst) != "", IncludedIds: idsOf(values, discountOnly), ExcludedIds: idsOf(values, discountNot),
	}
	value := ui.Trimmed(values, discountValue)
	switch kind := values.Get(discountKind); {
	case kind == "percent" && value != "":
		d.Percent = strings.TrimSpace(strings.TrimSuffix(value, "%"))
	case kind == "fixed" && value != "":
		d.Fixed = amountsOf(values, discountValue, errs)
	case kind == "percent" || kind == "fixed":
		errs.Add(discountValue, "Enter the percentage, such as 20, or the amounts, such as 5 EUR.")
	case kind == "free":
		d.FreeShipping = true
	default:
		return
	}
	c.Discount = d
}

func amountsText(list []*couponv1.Money) string {
	texts := make([]string, len(list))
	for i, m := range list {
		texts[i] = discount.AmountText(moneyproto.Money(m))
	}
	return strings.Join(texts, ", ")
}

func amountsOf(values url.Values, name string, errs ui.Errors) []*couponv1.Money {
	text := ui.Trimmed(values, name)
	if text == "" {
		return nil
	}
	list, err := discount.ParseAmounts(text)
	if err != nil {
		errs.Add(name, format.Sentence(err.Error()))
		return nil
	}
	amounts := make([]*couponv1.Money, len(list))
	for i, m := range list {
		amounts[i] = moneyproto.OfMoney(m)
	}
	return amounts
}

func idsOf(values url.Values, name string) []string {
	text := ui.Trimmed(values, name)
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// discountText says what a coupon gives, for publishers and shoppers: "20 % off, from 50 EUR"; "" if nothing is set.
func discountText(c *couponv1.Coupon) string {
	d, err := discountproto.Discount(c.GetDiscount())
	if err != nil { // the service is newer
		return "A discount that this page cannot show"
	}
	return d.Offer()
}
