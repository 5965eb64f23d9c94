package files

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/discount/discountproto"
)

// exportColumn is a column of an export.
type exportColumn struct {
	name string
	cell func(protoreflect.Message) string
	// isText means that the cells are texts rather than numbers, amounts, times or booleans.
	isText bool
}

// defaultColumns are the exported columns of conversions unless the caller chooses others. They leave out
// Pub. Unique 3.
const defaultColumns = "conversion_time,name,offer,publisher,coupon_code,transaction_id,event,amount,currency," +
	"payout,payout_currency,revenue,revenue_currency,status,outcome,method,reason"

// exportColumns returns the columns of a resource's export: the API's fields by their names and with their values,
// amounts of money as two columns each.
func exportColumns(all []columns.Column) []exportColumn {
	var exported []exportColumn
	for _, c := range columns.Exported(all) {
		column := exportColumn{name: c.Name}
		column.cell, column.isText = cellsOf(c)
		exported = append(exported, column)
	}
	return exported
}

// cellsOf returns how a column's cells are written, and whether they are texts.
func cellsOf(c columns.Column) (cell func(protoreflect.Message) string, isText bool) {
	type row = protoreflect.Message
	field := c.Field
	amount := func(m row) *couponv1.Money {
		money, _ := m.Get(field).Message().Interface().(*couponv1.Money) // nil if unset
		return money
	}
	switch c.Kind {
	case optionsv1.Column_BOOL:
		return func(m row) string { return strconv.FormatBool(m.Get(field).Bool()) }, false
	case optionsv1.Column_NUMBER:
		return func(m row) string { return numberText(m.Get(field).Int()) }, false
	case optionsv1.Column_TIME:
		return func(m row) string {
			at, _ := m.Get(field).Message().Interface().(*timestamppb.Timestamp) // nil if unset
			return moment(at)
		}, false
	case optionsv1.Column_AMOUNT:
		return func(m row) string { return decimal(amount(m)) }, false
	case optionsv1.Column_CURRENCY:
		return func(m row) string { return amount(m).GetCurrencyCode() }, true
	case optionsv1.Column_DISCOUNT:
		return func(m row) string { return discountText(m.Get(field)) }, true
	case optionsv1.Column_ENUM:
		values := field.Enum().Values()
		return func(m row) string { return enumName(values, m.Get(field).Enum()) }, true
	}
	if field.IsList() {
		return func(m row) string { return listText(m.Get(field).List()) }, true
	}
	return func(m row) string { return m.Get(field).String() }, true
}

// decimal returns an amount without its currency; "" if it is unset.
func decimal(m *couponv1.Money) string {
	if m == nil {
		return ""
	}
	sign, units, nanos := "", m.GetUnits(), m.GetNanos()
	if units < 0 || nanos < 0 {
		sign, units, nanos = "-", -units, -nanos
	}
	if nanos == 0 {
		return sign + strconv.FormatInt(units, 10)
	}
	return sign + strings.TrimRight(fmt.Sprintf("%d.%09d", units, nanos), "0")
}

// discountText returns a discount as files have it; "" if it is unset.
func discountText(value protoreflect.Value) string {
	p, _ := value.Message().Interface().(*couponv1.Discount) // nil if unset
	d, err := discountproto.Discount(p)
	if err != nil { // the service is newer, and has discounts that this gateway cannot write
		return "?"
	}
	return d.String()
}

// enumName returns a value's short name; "" if it is unspecified.
func enumName(values protoreflect.EnumValueDescriptors, number protoreflect.EnumNumber) string {
	if number == 0 {
		return ""
	}
	if named := values.ByNumber(number); named != nil {
		return string(named.Name())
	}
	return strconv.Itoa(int(number))
}

// numberText returns a number; empty for 0, which means none.
func numberText(number int64) string {
	if number == 0 {
		return ""
	}
	return strconv.FormatInt(number, 10)
}

// listText returns the values of a repeated field of texts.
func listText(list protoreflect.List) string {
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i] = list.Get(i).String()
	}
	return strings.Join(texts, ", ")
}

// moment returns a time as RFC 3339 in UTC, to the millisecond; "" if it is unset.
func moment(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format("2006-01-02T15:04:05.000Z")
}
