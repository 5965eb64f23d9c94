package ui

import (
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// CurrencyField is the currency of sales.
func CurrencyField(values url.Values) Field {
	return Field{
		Name: "currency_code", Label: "Currency", Value: values.Get("currency_code"), Placeholder: "USD",
		Hint: "Of sales that name none: three letters, such as USD or EUR.",
	}
}

// SalesFields are how an offer records sales.
func SalesFields(values url.Values) []Field {
	return []Field{CurrencyField(values), {
		Name: "default_conversion_status", Label: "New conversions are", Kind: "select", Value: values.Get("default_conversion_status"),
		Choices: []Choice{{"PENDING", "Pending, until somebody approves them"}, {"APPROVED", "Approved at once, if attributed and proven"}},
	}}
}

// AttributionFields are how an offer attributes sales.
func AttributionFields(values url.Values) []Field {
	return []Field{
		{
			Name: "precedence", Label: "With both a code and a click", Kind: "select", Value: values.Get("precedence"),
			Choices: []Choice{{"CODE_FIRST", "The code wins"}, {"CLICK_FIRST", "The click wins"}, {"ONLY_IF_CLICKED", "The code counts only with a click of its publisher"}},
		},
		durationField("click_window", "Click window", "How long after a click a sale still counts for it.", values),
		durationField("coupon_grace", "Coupon grace", "How long after its expiration a code still earns.", values),
		{
			Name: "unique_codes", Label: "One publisher per code", Kind: "checkbox", Value: values.Get("unique_codes"),
			Hint: "No two publishers can have the same code on this offer at the same time.",
		},
	}
}

// durationField is a length of time: a number and a unit.
func durationField(name, label, hint string, values url.Values) Field {
	var units []Choice
	for _, u := range format.Units() {
		units = append(units, Choice{u.Name, u.Name})
	}
	return Field{
		Name: name, Label: label, Value: values.Get(name), Hint: hint, Mode: "numeric",
		Next: &Field{Name: name + "_unit", Label: label + ": unit", Kind: "select", Value: values.Get(name + "_unit"), Choices: units},
	}
}

// SetDuration puts a length of time into a form's values.
func SetDuration(values url.Values, name string, d time.Duration) {
	n, unit := format.InUnit(d)
	values.Set(name, strconv.FormatInt(n, 10))
	values.Set(name+"_unit", unit)
}

// DurationOf reads a length of time; nil, for the default, where none was typed.
func DurationOf(values url.Values, name string, errs Errors) *durationpb.Duration {
	text := Trimmed(values, name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		errs.Add(name, "Write a whole number, such as 30.")
		return nil
	}
	for _, u := range format.Units() {
		if u.Name == values.Get(name+"_unit") {
			return durationpb.New(time.Duration(n) * u.Length)
		}
	}
	errs.Add(name, "Choose a unit.")
	return nil
}
