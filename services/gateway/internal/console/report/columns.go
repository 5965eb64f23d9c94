package report

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/pasted"
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
	values protoreflect.EnumDescriptor
	cell   func(*cellMaker, *trackingv1.Conversion) ui.Cell
}

// cellMaker makes cells of conversions.
type cellMaker struct {
	*ui.Page
	names ui.Names
}

// ReportColumns returns the names of the report's columns: those of the export, which a saved report keeps.
func ReportColumns() []string {
	var all []string
	for _, c := range reportColumns() {
		all = append(all, c.Name)
	}
	return all
}

// reportColumns are all columns, in the order of the column picker.
func reportColumns() []reportColumn {
	type sale = *trackingv1.Conversion
	moment := func(name, label string, get func(sale) *timestamppb.Timestamp) reportColumn {
		return reportColumn{Name: name, Label: label, kind: timeKind, isSortable: true, cell: func(m *cellMaker, c sale) ui.Cell { return m.Moment(get(c)) }}
	}
	text := func(name, label string, get func(sale) string) reportColumn {
		return reportColumn{Name: name, Label: label, kind: textKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.Cell{Text: get(c)} }}
	}
	code := func(name, label string, get func(sale) string) reportColumn {
		return reportColumn{Name: name, Label: label, kind: textKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.CodeCell(get(c)) }}
	}
	money := func(name, label string, get func(sale) *couponv1.Money) reportColumn {
		return reportColumn{Name: name, Label: label, kind: numberKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.Cell{Text: ui.MoneyText(get(c))} }}
	}
	pubUnique3 := code("pub_unique3", "Pub. Unique 3", sale.GetPubUnique3)
	pubUnique3.isSortable = true
	return []reportColumn{
		moment("conversion_time", "Conversion time", sale.GetConversionTime),
		{Name: "offer", Label: "Offer", kind: offerKind, isSortable: true, cell: func(m *cellMaker, c sale) ui.Cell { return ui.Cell{Text: m.names.Of(c.GetOffer())} }},
		{Name: "publisher", Label: "Publisher", kind: publisherKind, isSortable: true, cell: publisherCell},
		code("coupon_code", "Coupon code", sale.GetCouponCode),
		pubUnique3,
		code("transaction_id", "Transaction id", sale.GetTransactionId),
		money("amount", "Amount", sale.GetAmount),
		money("payout", "Payout", sale.GetPayout),
		money("revenue", "Revenue", sale.GetRevenue),
		money("refunded_amount", "Refunded", sale.GetRefundedAmount),
		enumColumn("status", "Status", trackingv1.Conversion_STATUS_UNSPECIFIED.Descriptor(), true, func(c sale) ui.Cell { return ui.Cell{Badge: ui.StateBadge(c.GetStatus().String())} }),
		enumColumn("outcome", "Outcome", trackingv1.Conversion_OUTCOME_UNSPECIFIED.Descriptor(), false, func(c sale) ui.Cell { return ui.Cell{Badge: ui.StateBadge(c.GetOutcome().String())} }),
		enumColumn("method", "Method", trackingv1.Conversion_METHOD_UNSPECIFIED.Descriptor(), false, func(c sale) ui.Cell { return ui.Cell{Text: format.EnumWords(c.GetMethod())} }),
		enumColumn("reason", "Reason", trackingv1.Conversion_REASON_UNSPECIFIED.Descriptor(), false, func(c sale) ui.Cell { return ui.Cell{Text: format.EnumWords(c.GetReason())} }),
		{Name: "codes", Label: "Codes sent", kind: listKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.Cell{Text: strings.Join(c.GetCodes(), ", ")} }},
		text("event", "Event", sale.GetEvent),
		text("pub_unique1", "Pub. Unique 1", sale.GetPubUnique1),
		text("pub_unique2", "Pub. Unique 2", sale.GetPubUnique2),
		text("pub_unique4", "Pub. Unique 4", sale.GetPubUnique4),
		text("pub_unique5", "Pub. Unique 5", sale.GetPubUnique5),
		text("pub_click_id", "Pub. Click Id", sale.GetPubClickId),
		text("pub_sub_id", "Pub. Sub Id", sale.GetPubSubId),
		code("click", "Click id", sale.GetClick),
		{Name: "coupon", Label: "Coupon", kind: textKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.CodeCell(c.GetCoupon()) }},
		text("currency", "Currency", func(c sale) string { return c.GetAmount().GetCurrencyCode() }),
		text("payout_currency", "Payout currency", func(c sale) string { return c.GetPayout().GetCurrencyCode() }),
		text("revenue_currency", "Revenue currency", func(c sale) string { return c.GetRevenue().GetCurrencyCode() }),
		moment("create_time", "Recorded", sale.GetCreateTime),
		moment("update_time", "Changed", sale.GetUpdateTime),
		{Name: "conflicted", Label: "Conflict", kind: boolKind, cell: func(_ *cellMaker, c sale) ui.Cell { return yesCell(c.GetConflicted()) }},
		{Name: "undeduplicated", Label: "Perhaps a repeat", kind: boolKind, cell: func(_ *cellMaker, c sale) ui.Cell { return yesCell(c.GetUndeduplicated()) }},
		{Name: "name", Label: "Conversion", kind: nameKind, cell: func(_ *cellMaker, c sale) ui.Cell { return ui.CodeCell(ui.IDOf(c.GetName())) }},
	}
}

func enumColumn(name, label string, values protoreflect.EnumDescriptor, sorts bool, get func(*trackingv1.Conversion) ui.Cell) reportColumn {
	return reportColumn{Name: name, Label: label, kind: enumKind, isSortable: sorts, values: values, cell: func(_ *cellMaker, c *trackingv1.Conversion) ui.Cell { return get(c) }}
}

// reportColumnOf returns a column by its name, and whether there is one.
func reportColumnOf(name string) (reportColumn, bool) {
	all := reportColumns()
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
		name = pasted.Trim(name)
		if _, ok := reportColumnOf(name); ok && !slices.Contains(known, name) {
			known = append(known, name)
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
		for i := 1; i < c.values.Values().Len(); i++ {
			name := string(c.values.Values().Get(i).Name())
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
