package columns

import (
	"fmt"
	"slices"
	"time"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// Schema returns the schema of lists with these columns. The first one is the key. Dates in filters are days of
// the zone. stored gives the Stored, Optional, None and Expand of columns that need them, by Name. Its other fields are
// ignored.
//
// Like listing.NewSchema, it panics if the arguments do not fit together, which is a programming error.
func Schema(all []Column, zone *time.Location, defaultOrder string, stored ...listing.Field) *listing.Schema {
	var fields []listing.Field
	for i, c := range all {
		if i > 0 && !c.Filterable && !c.Sortable {
			continue
		}
		field := c.field()
		if at := slices.IndexFunc(stored, func(s listing.Field) bool { return s.Name == c.Name }); at >= 0 {
			s := stored[at]
			stored = slices.Delete(slices.Clone(stored), at, at+1)
			field.Stored, field.Optional, field.None, field.Expand = s.Stored, s.Optional, s.None, s.Expand
		}
		fields = append(fields, field)
	}
	if len(stored) > 0 {
		panic(fmt.Sprintf("columns: lists have no column %q", stored[0].Name))
	}
	return listing.NewSchema(fields[0], defaultOrder, fields[1:]...).In(zone)
}

// field returns a column as a field of lists.
func (c Column) field() listing.Field {
	field := listing.Field{Name: c.Name, Prefix: c.Prefix, Sortable: c.Sortable, Values: c.Values(), HiddenFrom: listing.Audience(access.HiddenFrom(c.Field))}
	if !c.Filterable {
		field.Kind = listing.Opaque
		return field
	}
	switch c.Kind {
	case optionsv1.Column_TEXT, optionsv1.Column_CODE:
		field.Kind = listing.String
	case optionsv1.Column_FOLDED_CODE:
		field.Kind = listing.Folded
	case optionsv1.Column_SEARCHABLE_TEXT:
		field.Kind = listing.Title
	case optionsv1.Column_NAME:
		field.Kind = listing.Name
	case optionsv1.Column_ENUM:
		field.Kind = listing.Enum
	case optionsv1.Column_BOOL:
		field.Kind = listing.Bool
	case optionsv1.Column_TIME:
		field.Kind = listing.Time
	case optionsv1.Column_AMOUNT:
		field.Kind = listing.Amount
	case optionsv1.Column_CURRENCY:
		field.Kind, field.Stored = listing.Currency, string(c.Field.Name())
	default:
		panic(fmt.Sprintf("columns: lists cannot be filtered by %s, which is of kind %v", c.Name, c.Kind))
	}
	return field
}
