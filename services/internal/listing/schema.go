package listing

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// Kind is the type of a field: what a filter may compare it with, and how it is stored.
type Kind int

// The kinds. All but Bool, Time and Amount are stored as strings.
const (
	// String is text that is compared byte by byte.
	String Kind = iota
	// Title is text that people search: like String, but `:` in a filter finds values that contain a text.
	// For this the stores also keep its SearchKey.
	Title
	// Folded is text that is stored in upper case and compared without regard to case.
	Folded
	// Enum is one of Field.Values. It has no order in filters.
	Enum
	// Bool is true or false.
	Bool
	// Time is a moment, stored in whole milliseconds.
	Time
	// Name is the name of a resource, stored as the bare id behind Field.Prefix. It has no order
	// in filters.
	Name
	// Opaque is text that lists can be ordered by, but that filters do not know: a key that is not
	// stored as the API spells it.
	Opaque
	// Amount is the number of an amount of money, in whatever currency: see Part. Where there is no
	// amount no comparison holds, not even !=.
	Amount
	// Currency is the currency code of the amount of money that Stored names. It is compared without
	// regard to case, and empty where there is no amount.
	Currency
)

// Field is something of a resource that lists can be filtered or ordered by.
type Field struct {
	// Name is the field's name as the API spells it: "pub_unique3".
	Name string
	// Stored is the field's name in the stores; empty: the same as Name.
	Stored string
	Kind   Kind
	// Prefix is what stands before the id in a field of kind Name: with "publishers/", the filter
	// `publisher = "publishers/22"` compares the stored value with "22". The bare id is accepted too.
	Prefix string
	// Values are the short names that a field of kind Enum can have.
	Values []string
	// Sortable says that order_by may name the field.
	Sortable bool
	// Within says that `:` in a filter finds a text within a String or Folded field, as stored.
	Within bool
	// Optional says that documents may be without the field: see Compare.
	Optional bool
	// Expand returns the condition for "the field is value at now", for an Enum that is not stored
	// but derived. now is UTC in whole milliseconds.
	Expand func(value string, now time.Time) Expr
}

// Schema says by what a collection can be filtered and ordered.
type Schema struct {
	fields       []Field
	key          string
	defaultOrder []Order
	// fingerprint tells the page tokens of one collection from those of another.
	fingerprint string
}

// NewSchema returns a schema with the fields, the first of which is key: a unique field, which is
// appended to every order. defaultOrder is written like an order_by, but may name fields that are
// not Sortable; empty means by key.
//
// It panics when the fields make no sense together, which only a programmer can cause: build
// schemas once, at the start.
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

// fault says what a programmer did wrong with a field; empty when nothing.
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

// find returns the field with an API name that ok accepts, else nil.
func (s *Schema) find(name string, ok func(*Field) bool) *Field {
	for i := range s.fields {
		if f := &s.fields[i]; f.Name == name && ok(f) {
			return f
		}
	}
	return nil
}

// names lists the API names of the fields that ok accepts, for error messages.
func (s *Schema) names(ok func(*Field) bool) string {
	var names []string
	for i := range s.fields {
		if ok(&s.fields[i]) {
			names = append(names, s.fields[i].Name)
		}
	}
	return strings.Join(names, ", ")
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
