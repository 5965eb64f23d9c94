package columns_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func all() map[string][]columns.Column {
	return map[string][]columns.Column{
		"conversions": columns.Conversions(), "postbacks": columns.Postbacks(), "deliveries": columns.Deliveries(), "offers": columns.Offers(),
		"publishers": columns.Publishers(), "approvals": columns.Approvals(), "coupons": columns.Coupons(),
	}
}

// TestColumnsAreWhole checks what a column needs to be used.
func TestColumnsAreWhole(t *testing.T) {
	for resource, list := range all() {
		if len(list) < 5 || list[0].Name != "name" {
			t.Errorf("%s have the columns %v; the first must be the name", resource, columns.Names(list))
		}
		for i, c := range list {
			of := resource + "." + c.Name
			if slices.Contains(columns.Names(list[:i]), c.Name) {
				t.Errorf("%s is there twice", of)
			}
			if !c.Filterable && !c.Sortable && !c.Exportable && i > 0 {
				t.Errorf("%s is of no use", of)
			}
			if resource == "conversions" && c.Exportable && c.Label == "" {
				t.Errorf("%s has no label for the report", of)
			}
			if (c.Kind == optionsv1.Column_NAME) != strings.HasSuffix(c.Prefix, "/") {
				t.Errorf("%s is of kind %v and has the prefix %q", of, c.Kind, c.Prefix)
			}
			if want := typesOf(c.Kind); !slices.Contains(want, typeOf(c.Field)) {
				t.Errorf("%s is of kind %v, and its field a %s, not one of %v", of, c.Kind, typeOf(c.Field), want)
			}
		}
	}
}

// typesOf returns the types of field that a kind is for.
func typesOf(kind columns.Kind) []string {
	switch kind {
	case optionsv1.Column_ENUM:
		return []string{"enum"}
	case optionsv1.Column_BOOL:
		return []string{"bool"}
	case optionsv1.Column_NUMBER:
		return []string{"int32", "int64"}
	case optionsv1.Column_TIME:
		return []string{"google.protobuf.Timestamp"}
	case optionsv1.Column_AMOUNT, optionsv1.Column_CURRENCY:
		return []string{"couponlink.coupon.v1.Money"}
	case optionsv1.Column_DISCOUNT:
		return []string{"couponlink.coupon.v1.Discount"}
	default:
		return []string{"string"}
	}
}

func typeOf(field protoreflect.FieldDescriptor) string {
	if field.Kind() == protoreflect.MessageKind {
		return string(field.Message().FullName())
	}
	return field.Kind().String()
}

// TestPositions checks the order: by position, and amounts with their currencies.
func TestPositions(t *testing.T) {
	names := strings.Join(columns.Names(columns.Conversions()), " ")
	for _, part := range []string{"name offer publisher coupon coupon_code codes click ", " status status_reason outcome ", " amount currency refunded_amount payout payout_currency "} {
		if !strings.Contains(names, part) {
			t.Errorf("%q is not in %s", part, names)
		}
	}
}

// TestFilteredIsExported: what a report can be filtered by, it can show. The reference to the journal cannot be shown.
func TestFilteredIsExported(t *testing.T) {
	for _, c := range columns.Conversions() {
		if c.Filterable != c.Exportable && c.Name != "postback" {
			t.Errorf("%s: filterable is %t, exportable %t", c.Name, c.Filterable, c.Exportable)
		}
	}
}

func TestSchema(t *testing.T) {
	schema := columns.Schema(columns.Conversions(), time.FixedZone("", 3600), "conversion_time desc", listing.Field{Name: "name", Stored: "id"}, listing.Field{Name: "coupon", Optional: true})
	now := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	for filter, want := range map[string]listing.Compare{
		`coupon = "x"`:           {Field: "coupon", Op: listing.Equal, Value: "x", Optional: true},
		`name = "conversions/x"`: {Field: "id", Op: listing.Equal, Value: "x"},
		`codes:x`:                {Field: "codes", Op: listing.Contains, Value: "x"},
		`couponCode:x`:           {Field: "coupon_code", Op: listing.Contains, Value: "X"},
		`publisher:*`:            {Field: "publisher", Op: listing.NotEqual, Value: ""},
		`createTime>=2026-11-01`: {Field: "create_time", Op: listing.GreaterEqual, Value: now.Add(-time.Hour)},
		`coupon_code = "x"`:      {Field: "coupon_code", Op: listing.Equal, Value: "X"},
		`status = REJECTED`:      {Field: "status", Op: listing.Equal, Value: "REJECTED"},
		`payout_currency = eur`:  {Field: "payout", Part: listing.CurrencyCode, Op: listing.Equal, Value: "EUR"},
		`undeduplicated = true`:  {Field: "undeduplicated", Op: listing.Equal, Value: true},
	} {
		q, err := schema.Query(listing.Request{Filter: filter}, listing.Everything(), nil, now)
		if got, ok := q.Where.(listing.Compare); err != nil || !ok || got != want {
			t.Errorf("%s is %+v, %v, want %+v", filter, q.Where, err, want)
		}
	}
	for _, asked := range []listing.Request{{OrderBy: "status_reason"}, {Filter: `explanation = "x"`}, {Filter: "status = STATUS_UNSPECIFIED"}} {
		if _, err := schema.Query(asked, listing.Everything(), nil, now); err == nil {
			t.Errorf("%+v is taken", asked)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a stored form of a column that does not exist is taken")
		}
	}()
	columns.Schema(columns.Offers(), time.UTC, "", listing.Field{Name: "colour", Stored: "color"})
}
