// Package columns reads from the protos which columns the resources have: what lists are filtered and ordered by, and
// what exports, saved reports and the console's report show. The protos say so by the option
// couponlink.options.v1.column, which is the only list of a resource's columns.
package columns

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// Kind is the type of a column's values. It is never unspecified here.
type Kind = optionsv1.Column_Kind

// Column is a column of a resource.
type Column struct {
	// Name is the column's name in the API: "pub_unique3".
	Name string
	// Label is the column's title for people; "" if no page shows it.
	Label string
	Kind  Kind
	// Prefix is what the resource names begin with if the kind is NAME: resource.Offers.
	Prefix string
	// Field is the field that has the values.
	Field                            protoreflect.FieldDescriptor
	Filterable, Sortable, Exportable bool
}

// Conversions returns the columns of conversions. Callers must not change the slice; this holds for all resources.
func Conversions() []Column { return ofConversions() }

// Postbacks returns the columns of the journal.
func Postbacks() []Column { return of(&trackingv1.Postback{}) }

// Deliveries returns the columns of deliveries.
func Deliveries() []Column { return of(&trackingv1.Delivery{}) }

// Offers returns the columns of offers.
func Offers() []Column { return of(&couponv1.Offer{}) }

// Publishers returns the columns of publishers.
func Publishers() []Column { return of(&couponv1.Publisher{}) }

// Approvals returns the columns of approvals.
func Approvals() []Column { return of(&couponv1.Approval{}) }

// Coupons returns the columns of coupons.
func Coupons() []Column { return of(&couponv1.Coupon{}) }

// Keys returns the columns of API keys.
func Keys() []Column { return of(&accessv1.Key{}) }

// ofConversions reads the columns once: each request for a report and each saved report needs them.
var ofConversions = sync.OnceValue(func() []Column { return of(&trackingv1.Conversion{}) })

// Exported returns the columns that exports have, and with them reports and saved reports.
func Exported(all []Column) []Column {
	return slices.DeleteFunc(slices.Clone(all), func(c Column) bool { return !c.Exportable })
}

// Names returns the columns' names.
func Names(all []Column) []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	return names
}

// Values returns the names of an enum's values, without the unspecified one; nil for other kinds.
func (c Column) Values() []string {
	if c.Kind != optionsv1.Column_ENUM {
		return nil
	}
	values := c.Field.Enum().Values()
	names := make([]string, 0, values.Len())
	for i := 1; i < values.Len(); i++ {
		names = append(names, string(values.Get(i).Name()))
	}
	return names
}

// of reads a message's columns, in order.
func of(message proto.Message) []Column {
	type placed struct {
		Column
		position int32
	}
	var found []placed
	fields := message.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		described, _ := proto.GetExtension(field.Options(), optionsv1.E_Column).([]*optionsv1.Column)
		for _, d := range described {
			position := cmp.Or(d.GetPosition(), math.MaxInt32) // 0: after the others
			found = append(found, placed{Column{
				Name: cmp.Or(d.GetName(), string(field.Name())), Label: d.GetLabel(), Kind: cmp.Or(d.GetKind(), kindOf(field)), Prefix: d.GetPrefix(),
				Field: field, Filterable: d.GetFilterable(), Sortable: d.GetSortable(), Exportable: d.GetExportable(),
			}, position})
		}
	}
	slices.SortStableFunc(found, func(a, b placed) int {
		return cmp.Compare(a.position, b.position)
	})
	all := make([]Column, len(found))
	for i, f := range found {
		all[i] = f.Column
	}
	return all
}

// kindOf returns the kind of a field that the option leaves to the field's type.
func kindOf(field protoreflect.FieldDescriptor) Kind {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return optionsv1.Column_BOOL
	case protoreflect.EnumKind:
		return optionsv1.Column_ENUM
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return optionsv1.Column_NUMBER
	case protoreflect.MessageKind:
		if field.Message().FullName() == "google.protobuf.Timestamp" {
			return optionsv1.Column_TIME
		}
		return optionsv1.Column_AMOUNT
	default:
		return optionsv1.Column_TEXT
	}
}

// FigureHiddenFrom returns the callers who are not told a sum in summaries, such as "revenue".
func FigureHiddenFrom(name string) listing.Audience {
	field := (&trackingv1.Figures{}).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name + "s"))
	if field == nil {
		return 0
	}
	return listing.Audience(access.HiddenFrom(field))
}
