package ui

import (
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// Property is a field of a resource R in a form, or a few inputs that make one field. It is the one place that says how
// the field looks, how its stored value gets into a form's values, and how the typed value gets out of them.
type Property[R any] struct {
	// Path is the field's path in update masks; "" if it is no field of R, such as the id of a new resource.
	Path string
	// Fields are the inputs, for a form's values.
	Fields func(values url.Values) []Field
	// Get puts the stored value into a form's values, and Set reads the typed one. Set adds what it cannot read to errs.
	// Both are nil if the property is only shown.
	Get func(r *R, values url.Values)
	Set func(values url.Values, r *R, errs Errors)
}

// Section is properties under a heading. Title and Text may be empty.
type Section[R any] struct {
	Title, Text string
	Properties  []Property[R]
}

// Schema describes a form of a resource.
type Schema[R any] []Section[R]

// Values returns a stored resource as the form's values.
func (s Schema[R]) Values(r *R) url.Values {
	values := url.Values{}
	s.each(func(p Property[R]) {
		if p.Get != nil {
			p.Get(r, values)
		}
	})
	return values
}

// Read returns the resource that was typed, and what cannot be read.
func (s Schema[R]) Read(values url.Values) (*R, Errors) {
	r, errs := new(R), Errors{}
	s.each(func(p Property[R]) {
		if p.Set != nil {
			p.Set(values, r, errs)
		}
	})
	return r, errs
}

// Groups returns the form's inputs with values.
func (s Schema[R]) Groups(values url.Values) []Group {
	groups := make([]Group, len(s))
	for i, section := range s {
		groups[i] = Group{Title: section.Title, Text: section.Text}
		for _, p := range section.Properties {
			groups[i].Fields = append(groups[i].Fields, p.Fields(values)...)
		}
	}
	return groups
}

// Mask returns the paths that the form changes.
func (s Schema[R]) Mask() *fieldmaskpb.FieldMask {
	mask, seen := &fieldmaskpb.FieldMask{}, map[string]bool{"": true}
	s.each(func(p Property[R]) {
		if !seen[p.Path] {
			seen[p.Path] = true
			mask.Paths = append(mask.Paths, p.Path)
		}
	})
	return mask
}

func (s Schema[R]) each(do func(Property[R])) {
	for _, section := range s {
		for _, p := range section.Properties {
			do(p)
		}
	}
}

// In returns the property of a field that update masks name by another path: that of the message that has it.
func (p Property[R]) In(path string) Property[R] {
	p.Path = path
	return p
}

// Field returns the property's only input, for a form's values.
func (p Property[R]) Field(values url.Values) Field { return p.Fields(values)[0] }

// with returns the inputs of a property with one: f, with its value.
func (f Field) with(values url.Values) []Field {
	f.Value = values.Get(f.Name)
	return []Field{f}
}

// Shown returns a property that is only shown.
func Shown[R any](f Field) Property[R] { return Property[R]{Fields: f.with} }

// Text returns the property of a text. Its spaces at both ends are cut off, unless it is a textarea.
func Text[R any](f Field, at func(*R) *string) Property[R] {
	return Property[R]{
		Path: f.Name, Fields: f.with,
		Get: func(r *R, values url.Values) { values.Set(f.Name, *at(r)) },
		Set: func(values url.Values, r *R, _ Errors) {
			if *at(r) = Trimmed(values, f.Name); f.Kind == "textarea" {
				*at(r) = values.Get(f.Name)
			}
		},
	}
}

// Enum is a generated enum.
type Enum interface {
	~int32
	protoreflect.Enum
}

// Select returns the property of an enum. An unknown value is the unspecified one.
func Select[R any, E Enum](f Field, at func(*R) *E) Property[R] {
	f.Kind = "select"
	return Property[R]{
		Path: f.Name, Fields: f.with,
		Get: func(r *R, values url.Values) { values.Set(f.Name, enumName(*at(r))) },
		Set: func(values url.Values, r *R, _ Errors) { *at(r) = enumOf[E](values.Get(f.Name)) },
	}
}

// OptionalSelect returns the property of an enum that can be unset.
func OptionalSelect[R any, E Enum](f Field, at func(*R) **E) Property[R] {
	f.Kind = "select"
	return Property[R]{
		Path: f.Name, Fields: f.with,
		Get: func(r *R, values url.Values) {
			if e := *at(r); e != nil {
				values.Set(f.Name, enumName(*e))
			}
		},
		Set: func(values url.Values, r *R, _ Errors) {
			if e := enumOf[E](values.Get(f.Name)); e != 0 {
				*at(r) = &e
			}
		},
	}
}

func enumName[E Enum](e E) string {
	if value := e.Descriptor().Values().ByNumber(e.Number()); value != nil {
		return string(value.Name())
	}
	return ""
}

func enumOf[E Enum](name string) E {
	var none E
	if value := none.Descriptor().Values().ByName(protoreflect.Name(name)); value != nil {
		return E(value.Number())
	}
	return none
}

// Checkbox returns the property of a bool.
func Checkbox[R any](f Field, get func(*R) bool, set func(*R, bool)) Property[R] {
	f.Kind = "checkbox"
	return Property[R]{
		Path: f.Name, Fields: f.with,
		Get: func(r *R, values url.Values) {
			if get(r) {
				values.Set(f.Name, "on")
			}
		},
		Set: func(values url.Values, r *R, _ Errors) { set(r, values.Get(f.Name) != "") },
	}
}

// Count returns the property of a whole number. Empty is 0.
func Count[R any](f Field, at func(*R) *int64) Property[R] {
	f.Mode = "numeric"
	return Property[R]{
		Path: f.Name, Fields: f.with,
		Get: func(r *R, values url.Values) {
			if n := *at(r); n != 0 {
				values.Set(f.Name, strconv.FormatInt(n, 10))
			}
		},
		Set: func(values url.Values, r *R, errs Errors) { *at(r) = int64(WholeNumber(values, f.Name, errs)) },
	}
}

// WholeNumber reads a whole number. Empty is 0.
func WholeNumber(values url.Values, name string, errs Errors) int32 {
	text := Trimmed(values, name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 32)
	if err != nil {
		errs.Add(name, "Enter a whole number, such as 100.")
	}
	return int32(n)
}

// Duration returns the property of a length of time: a number and a unit. Empty is unset.
func Duration[R any](f Field, at func(*R) **durationpb.Duration) Property[R] {
	return Property[R]{
		Path:   f.Name,
		Fields: func(values url.Values) []Field { return []Field{durationField(f, values)} },
		Get: func(r *R, values url.Values) {
			if d := *at(r); d != nil {
				setDuration(values, f.Name, d.AsDuration())
			}
		},
		Set: func(values url.Values, r *R, errs Errors) { *at(r) = durationOf(values, f.Name, errs) },
	}
}

// Payout returns the property of a payout; none is the label of no payout. currency is the default
// currency.
func Payout[R any](name, label, none string, currency func(url.Values) string, at func(*R) **couponv1.Payout) Property[R] {
	return Property[R]{
		Path:   name,
		Fields: func(values url.Values) []Field { return payoutFields(name, label, none, values) },
		Get:    func(r *R, values url.Values) { setPayout(values, name, *at(r)) },
		Set:    func(values url.Values, r *R, errs Errors) { *at(r) = payoutOf(values, name, currency(values), errs) },
	}
}
