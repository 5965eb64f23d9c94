package listing

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// Kind is the type of a field. It determines the values in filters, and the stored form.
type Kind int

// The kinds. All but Bool, Time and Amount are stored as strings.
const (
	// String is text that is compared byte by byte.
	String Kind = iota
	// Title is text that people search. It is like String, but `:` in a filter ignores case. For this, stores also
	// keep its SearchKey.
	Title
	// Folded is text that is stored in upper case and compared without regard to case.
	Folded
	// Enum is one of Field.Values. Filters cannot order it.
	Enum
	// Bool is true or false.
	Bool
	// Time is a moment, stored in whole milliseconds.
	Time
	// Name is a resource name, stored as the id without Field.Prefix. Filters cannot order it.
	Name
	// Opaque is text that lists can be ordered by but that filters cannot use: a key whose stored form differs from the
	// API's.
	Opaque
	// Amount is the number of an amount of money, in any currency: see Part. Without an amount no comparison holds, not
	// even !=.
	Amount
	// Currency is the currency code of the amount that Stored names. It is compared without regard to case, and is ""
	// without an amount.
	Currency
)

// Field is a field of a resource that lists can be filtered or ordered by.
type Field struct {
	// Name is the field's name in the API: "pub_unique3". Requests may also use its name in JSON, "pubUnique3".
	Name string
	// Stored is the field's name in the stores; "" means Name.
	Stored string
	Kind   Kind
	// Prefix is the text before the id in a field of kind Name. With resource.Publishers, the filter `publisher =
	// "publishers/22"` compares the stored value with "22". The id alone is accepted too.
	Prefix string
	// Values are the values of a field of kind Enum.
	Values []string
	// HiddenFrom are the callers who are not told the field, and so may not filter or order by it.
	HiddenFrom Audience
	// Sortable allows the field in order_by.
	Sortable bool
	// None is the stored time that means no time. The zero time means that the field always has a time. Only the kind
	// Time uses it.
	None time.Time
	// Optional means that documents may lack the field: see Compare.
	Optional bool
	// Expand returns the condition for "the field is value at now", for an Enum that is derived and not stored. now is
	// UTC, in whole milliseconds.
	Expand func(value string, now time.Time) Expr
}

// Schema describes how a collection can be filtered and ordered.
type Schema struct {
	fields       []Field
	key          string
	defaultOrder []Order
	// fingerprint distinguishes the page tokens of different collections.
	fingerprint string
	// zone is the time zone of dates in filters; nil: filters have no dates.
	zone *time.Location
}

// NewSchema returns a schema. The first field, key, is unique and is appended to every order. defaultOrder is an
// order_by that may name fields that are not Sortable; "" means by key.
//
// NewSchema panics if the fields are inconsistent, which is a programming error. Build schemas once, at the start.
func NewSchema(key Field, defaultOrder string, fields ...Field) *Schema {
	s := &Schema{fields: append([]Field{key}, fields...)}
	names := map[string]bool{}
	for i := range s.fields {
		f := &s.fields[i]
		if f.Stored == "" {
			f.Stored = f.Name
		}
		if fault := f.fault(); fault != "" || names[f.Name] {
			panic(fmt.Sprintf("listing: field %q is given twice, or else: %s", f.Name, fault))
		}
		names[f.Name] = true
	}
	s.key = s.fields[0].Stored
	order, err := s.parseOrder(defaultOrder, true)
	if err != nil {
		panic(fmt.Sprintf("listing: default order: %v", err))
	}
	s.defaultOrder = order
	s.fingerprint = s.print()
	return s
}

// In returns a copy of the schema whose filters accept dates: a date means the moment when the day begins in the zone.
func (s *Schema) In(zone *time.Location) *Schema {
	in := *s
	in.zone = zone
	return &in
}

// shownTo returns the schema with the fields that a caller is told.
func (s *Schema) shownTo(rows Rows) *Schema {
	if rows.audience == 0 {
		return s
	}
	shown := *s
	shown.fields = slices.DeleteFunc(slices.Clone(s.fields), func(f Field) bool { return !rows.shows(&f) })
	return &shown
}

// fault describes an inconsistent field; "" if it is fine.
func (f *Field) fault() string {
	switch {
	case f.Name == "":
		return "it has no name"
	case strings.Trim(f.Stored, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return "its stored name is not in snake_case"
	case f.Kind == Enum && len(f.Values) == 0:
		return "it is an enum without values"
	case f.Expand != nil && (f.Kind != Enum || f.Sortable):
		return "only an enum can be derived, and what is derived cannot be sorted by"
	case (f.Kind == Amount || f.Kind == Currency || f.Optional) && f.Sortable:
		return "amounts of money, and what documents may be without, cannot be sorted by"
	case f.Kind == Time && f.Optional:
		return "there is no time that stands for none"
	}
	return ""
}

// print returns a short text that differs between collections.
func (s *Schema) print() string {
	hash := sha256.New()
	for i := range s.fields {
		f := &s.fields[i]
		_, _ = fmt.Fprintf(hash, "%q %q %d;", f.Name, f.Prefix, f.Kind) // a hash never fails
	}
	return string(hash.Sum(nil))
}

// find returns the field with a name, in snake_case or camelCase, if ok accepts it; otherwise nil.
func (s *Schema) find(name string, ok func(*Field) bool) *Field {
	for i := range s.fields {
		if f := &s.fields[i]; (f.Name == name || fieldname.Camel(f.Name) == name) && ok(f) {
			return f
		}
	}
	return nil
}

// names lists the names of the fields that ok accepts, for error messages.
func (s *Schema) names(ok func(*Field) bool) string {
	var names []string
	for i := range s.fields {
		if ok(&s.fields[i]) {
			names = append(names, s.fields[i].Name)
		}
	}
	return fieldname.List(names)
}

// kind returns the kind of a field by its stored name.
func (s *Schema) kind(stored string) Kind {
	for i := range s.fields {
		if s.fields[i].Stored == stored {
			return s.fields[i].Kind
		}
	}
	return Opaque
}

func filterable(f *Field) bool { return f.Kind != Opaque }

// isText reports whether the field's values are free text.
func (f *Field) isText() bool {
	return f.Kind == String || f.Kind == Title || f.Kind == Folded || f.Kind == Currency
}
