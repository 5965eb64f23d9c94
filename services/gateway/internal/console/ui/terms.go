package ui

import (
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// What follows are fields that offers and publishers have in common, or that a coupon can have otherwise than its offer.

// NameField is the display name of an offer or a publisher.
func NameField(label string) Field {
	return Field{Name: "display_name", Label: label, IsRequired: true, Hint: "What people call it."}
}

// IDField is the id that a new offer or publisher gets.
func IDField(name, label string) Field {
	return Field{
		Name: name, Label: label, Kind: "code",
		Hint: "Used in links and reports, and never changes: small letters, digits and hyphens. Leave it empty to get a generated one.",
	}
}

// StatusField is the status of new conversions.
func StatusField() Field {
	return Field{
		Name: "default_conversion_status", Label: "New conversions are",
		Choices: []Choice{{"PENDING", "Pending, until somebody approves them"}, {"APPROVED", "Approved at once, if attributed and proven"}},
	}
}

// PrecedenceField is what wins if a sale comes with a code and a click.
func PrecedenceField() Field {
	return Field{
		Name: "precedence", Label: "With both a code and a click",
		Choices: []Choice{{"CODE_FIRST", "The code wins"}, {"CLICK_FIRST", "The click wins"}, {"ONLY_IF_CLICKED", "The code counts only with a click of its publisher"}},
	}
}

// WindowField is how long a click counts.
func WindowField() Field {
	return Field{Name: "click_window", Label: "Click window", Hint: "How long after a click a sale still counts for it."}
}

// GraceField is how long a code earns after it has expired.
func GraceField() Field {
	return Field{Name: "coupon_grace", Label: "Coupon grace", Hint: "How long after its expiration a code still earns."}
}

// durationField is a length of time: a number and a unit.
func durationField(f Field, values url.Values) Field {
	var units []Choice
	for _, u := range format.Units() {
		units = append(units, Choice{u.Name, u.Name})
	}
	f.Value, f.Mode = values.Get(f.Name), "numeric"
	f.Next = &Field{Name: f.Name + "_unit", Label: f.Label + ": unit", Kind: "select", Value: values.Get(f.Name + "_unit"), Choices: units}
	return f
}

func setDuration(values url.Values, name string, d time.Duration) {
	n, unit := format.InUnit(d)
	values.Set(name, strconv.FormatInt(n, 10))
	values.Set(name+"_unit", unit)
}

// durationOf reads a length of time; nil, which means the default, if none was typed.
func durationOf(values url.Values, name string, errs Errors) *durationpb.Duration {
	text := Trimmed(values, name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		errs.Add(name, "Enter a whole number, such as 30.")
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
