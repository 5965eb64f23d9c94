package report

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// valueKind is what a column's values are: how they are compared and typed.
type valueKind string

const (
	textKind      valueKind = "text"
	listKind      valueKind = "list" // several texts in one
	enumKind      valueKind = "enum"
	boolKind      valueKind = "bool"
	timeKind      valueKind = "time"
	numberKind    valueKind = "number"
	offerKind     valueKind = "offer"
	publisherKind valueKind = "publisher"
	nameKind      valueKind = "name"
)

// reportColumn is a column of the Conversion Report, by the name that the export has for it.
type reportColumn struct {
	Name, Label string
	kind        valueKind
	isSortable  bool
	// values are an enum's.
	values []string
	cell   func(*cellMaker, *trackingv1.Conversion) ui.Cell
}

// cellMaker makes cells of conversions.
type cellMaker struct {
	*ui.Page
	names ui.Names
}

// firstColumns are offered before all others, which follow in the API's order.
const firstColumns = "conversion_time,offer,publisher,coupon_code,pub_unique3,transaction_id,amount,discount,payout,revenue,refunded_amount," +
	"status,outcome,method,reason"

// reportColumns returns all columns of the export, in display order. They are read from
// the protos once.
var reportColumns = sync.OnceValue(func() []reportColumn {
	var all []reportColumn
	for _, c := range columns.Exported(columns.Conversions()) {
		kind := kindOf(c)
		all = append(all, reportColumn{Name: c.Name, Label: c.Label, kind: kind, isSortable: c.Sortable, values: c.Values(), cell: cellsOf(c, kind)})
	}
	first := strings.Split(firstColumns, ",")
	slices.SortStableFunc(all, func(a, b reportColumn) int {
		// As an unsigned number, the -1 of a column that is not among the first is greater than any place.
		return cmp.Compare(uint(slices.Index(first, a.Name)), uint(slices.Index(first, b.Name)))
	})
	return all
})

// kindOf returns what a column's values are.
func kindOf(c columns.Column) valueKind {
	switch {
	case c.Prefix == resource.Offers:
		return offerKind
	case c.Prefix == resource.Publishers:
		return publisherKind
	case c.Field.IsList():
		return listKind
	}
	switch c.Kind {
	case optionsv1.Column_NAME:
		return nameKind
	case optionsv1.Column_ENUM:
		return enumKind
	case optionsv1.Column_BOOL:
		return boolKind
	case optionsv1.Column_TIME:
		return timeKind
	case optionsv1.Column_AMOUNT, optionsv1.Column_NUMBER:
		return numberKind
	default:
		return textKind
	}
}

// cellsOf returns how a column's cells are made.
func cellsOf(c columns.Column, kind valueKind) func(*cellMaker, *trackingv1.Conversion) ui.Cell {
	type sale = *trackingv1.Conversion
	value := func(s sale) protoreflect.Value { return s.ProtoReflect().Get(c.Field) }
	switch {
	case c.Name == "publisher":
		return publisherCell
	case c.Name == "status" || c.Name == "outcome":
		return func(_ *cellMaker, s sale) ui.Cell { return ui.Cell{Badge: ui.StateBadge(enumName(c, value(s)))} }
	case c.Kind == optionsv1.Column_CURRENCY:
		return func(_ *cellMaker, s sale) ui.Cell { return ui.Cell{Text: moneyOf(value(s)).GetCurrencyCode()} }
	case c.Kind == optionsv1.Column_CODE || c.Kind == optionsv1.Column_FOLDED_CODE:
		return func(_ *cellMaker, s sale) ui.Cell { return ui.CodeCell(value(s).String()) }
	}
	switch kind {
	case offerKind, publisherKind:
		return func(m *cellMaker, s sale) ui.Cell { return ui.Cell{Text: m.names.Of(value(s).String())} }
	case nameKind:
		return func(_ *cellMaker, s sale) ui.Cell { return ui.CodeCell(ui.IDOf(value(s).String())) }
	case listKind:
		return func(_ *cellMaker, s sale) ui.Cell { return ui.Cell{Text: listText(value(s).List())} }
	case enumKind:
		return func(_ *cellMaker, s sale) ui.Cell {
			if value(s).Enum() == 0 {
				return ui.Cell{}
			}
			return ui.Cell{Text: format.Words(enumName(c, value(s)))}
		}
	case boolKind:
		return func(_ *cellMaker, s sale) ui.Cell { return yesCell(value(s).Bool()) }
	case timeKind:
		return func(m *cellMaker, s sale) ui.Cell {
			at, _ := value(s).Message().Interface().(*timestamppb.Timestamp) // nil if unset
			return m.Moment(at)
		}
	}
	if c.Kind == optionsv1.Column_AMOUNT {
		return func(_ *cellMaker, s sale) ui.Cell { return ui.Cell{Text: ui.MoneyText(moneyOf(value(s)))} }
	}
	return func(_ *cellMaker, s sale) ui.Cell { return ui.Cell{Text: value(s).String()} }
}

// moneyOf returns an amount; nil if it is unset.
func moneyOf(value protoreflect.Value) *couponv1.Money {
	amount, _ := value.Message().Interface().(*couponv1.Money)
	return amount
}

// enumName returns the name of an enum's value; "" if this release does not know it.
func enumName(c columns.Column, value protoreflect.Value) string {
	if named := c.Field.Enum().Values().ByNumber(value.Enum()); named != nil {
		return string(named.Name())
	}
	return ""
}

// listText returns the values of a repeated field of texts.
func listText(list protoreflect.List) string {
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i] = list.Get(i).String()
	}
	return strings.Join(texts, ", ")
}

// reportColumnOf returns a column by its name, in snake_case or camelCase, and whether there is one.
func reportColumnOf(name string) (reportColumn, bool) {
	all := reportColumns()
	name = fieldname.Snake(name)
	i := slices.IndexFunc(all, func(c reportColumn) bool { return c.Name == name })
	if i < 0 {
		return reportColumn{}, false
	}
	return all[i], true
}

func isSortable(name string) bool {
	c, ok := reportColumnOf(name)
	return ok && c.isSortable
}

// knownColumns leaves of a list of columns those that there are, each once.
func knownColumns(list string) string {
	var known []string
	for name := range strings.SplitSeq(list, ",") {
		if c, ok := reportColumnOf(pasted.Trim(name)); ok && !slices.Contains(known, c.Name) {
			known = append(known, c.Name)
		}
	}
	return strings.Join(known, ",")
}

// choices are an enum's values with their words.
func (c reportColumn) choices() []ui.Choice {
	switch c.kind {
	case boolKind:
		return []ui.Choice{{Value: "true", Label: "Yes"}, {Value: "false", Label: "No"}}
	case enumKind:
		var all []ui.Choice
		for _, name := range c.values {
			all = append(all, ui.Choice{Value: name, Label: format.Words(name)})
		}
		return all
	default:
		return nil
	}
}

func (c reportColumn) isNumber() bool { return c.kind == numberKind }

// publisherCell says who is credited, or why nobody is.
func publisherCell(m *cellMaker, c *trackingv1.Conversion) ui.Cell {
	if c.GetPublisher() == "" {
		return ui.Cell{Text: "Nobody", Sub: format.EnumWords(c.GetReason())}
	}
	return ui.Cell{Text: m.names.Of(c.GetPublisher())}
}

func yesCell(is bool) ui.Cell {
	if is {
		return ui.Cell{Badge: &ui.Badge{Text: "Yes", Tone: "wait"}}
	}
	return ui.Cell{Text: "No"}
}
