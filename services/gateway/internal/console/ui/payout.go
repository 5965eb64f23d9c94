package ui

import (
	"net/url"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// A payout in a form has the fields NAME_kind (none, fixed, percent), NAME (the amount or the percent),
// NAME_currency and NAME_cap. NAME is also where a service's errors about the payout go.

// payoutFields returns the form's fields for a payout.
func payoutFields(name, label, none string, values url.Values) []Field {
	return []Field{
		{
			Name: name + "_kind", Label: label, Kind: "select", Value: values.Get(name + "_kind"),
			Choices: []Choice{{"none", none}, {"fixed", "Fixed amount"}, {"percent", "Percent of the sale"}},
			Next:    &Field{Name: name, Label: label + ": amount or percent", Value: values.Get(name), Mode: "decimal", Placeholder: "7.50"},
		},
		{
			Name: name + "_currency", Label: label + " currency", Value: values.Get(name + "_currency"), Placeholder: "USD",
			Hint: "Of a fixed amount or a cap. Empty: the offer's currency.",
		},
		{
			Name: name + "_cap", Label: label + " cap", Value: values.Get(name + "_cap"), Mode: "decimal",
			Hint: "The most that a percentage may come to. Empty: no cap.",
		},
	}
}

// setPayout puts a payout into a form's values.
func setPayout(values url.Values, name string, p *couponv1.Payout) {
	values.Set(name+"_kind", "none")
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		values.Set(name+"_kind", "fixed")
		values.Set(name, format.Decimal(kind.Fixed.GetCurrencyCode(), kind.Fixed.GetUnits(), kind.Fixed.GetNanos()))
		values.Set(name+"_currency", kind.Fixed.GetCurrencyCode())
	case *couponv1.Payout_Percent:
		values.Set(name+"_kind", "percent")
		values.Set(name, kind.Percent)
	}
	if limit := p.GetCap(); limit != nil {
		values.Set(name+"_cap", format.Decimal(limit.GetCurrencyCode(), limit.GetUnits(), limit.GetNanos()))
		values.Set(name+"_currency", limit.GetCurrencyCode())
	}
}

// payoutOf reads a payout from a form's values; nil for none. What cannot be read is noted in errs.
// currency is taken where none was typed.
func payoutOf(values url.Values, name, currency string, errs Errors) *couponv1.Payout {
	get := func(suffix string) string { return pasted.Trim(values.Get(name + suffix)) }
	if typed := strings.ToUpper(get("_currency")); typed != "" {
		currency = typed
	}
	switch get("_kind") {
	case "fixed":
		return &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: AmountOf(get(""), currency, name, errs)}}
	case "percent":
		payout := &couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: strings.TrimSuffix(get(""), "%")}}
		if limit := get("_cap"); limit != "" {
			payout.Cap = AmountOf(limit, currency, name+"_cap", errs)
		}
		return payout
	default:
		return nil
	}
}

// AmountOf reads an amount of money; what cannot be read is noted in errs.
func AmountOf(text, currency, field string, errs Errors) *couponv1.Money {
	m, err := money.ParseAmount(text, currency)
	if err != nil {
		errs.Add(field, format.Sentence(err.Error()))
	}
	return &couponv1.Money{CurrencyCode: m.Currency, Units: m.Units, Nanos: m.Nanos}
}

// PayoutText says a payout in a few words; empty for none.
func PayoutText(p *couponv1.Payout) string {
	text := ""
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		text = format.Money(kind.Fixed.GetCurrencyCode(), kind.Fixed.GetUnits(), kind.Fixed.GetNanos())
	case *couponv1.Payout_Percent:
		text = kind.Percent + "%"
	}
	if limit := p.GetCap(); limit != nil {
		text += ", at most " + format.Money(limit.GetCurrencyCode(), limit.GetUnits(), limit.GetNanos())
	}
	return text
}
