package console

import (
	"net/url"
	"slices"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// groupOrder is how the groups are sorted, by the address's `by`.
type groupOrder struct {
	values url.Values
	by     string
}

func summaryList(p *page) groupOrder {
	q := p.r.URL.Query()
	return groupOrder{values: q, by: q.Get("by")}
}

// order is the API's order_by; empty: the usual one.
func (g groupOrder) order(groups []string) string {
	field, isDown := strings.CutPrefix(g.by, "-")
	if !slices.Contains(append([]string{"clicks", "conversions", "amount", "payout", "revenue"}, groups...), field) {
		return ""
	}
	if isDown {
		return field + " desc"
	}
	return field
}

// column is a heading that sorts; figures the greatest first.
func (g groupOrder) column(label, field string, isNumber bool) column {
	first, second := field, "-"+field
	if isNumber {
		first, second = second, first
	}
	c := column{Label: label, IsNumber: isNumber, SortHref: g.href(first)}
	switch g.by {
	case first:
		c.SortHref = g.href(second)
	case second:
	default:
		return c
	}
	c.Sorted = "ascending"
	if strings.HasPrefix(g.by, "-") {
		c.Sorted = "descending"
	}
	return c
}

func (g groupOrder) href(by string) string {
	values := url.Values{}
	for name := range g.values {
		values.Set(name, g.values.Get(name))
	}
	values.Set("by", by)
	return at("reports", "conversions") + "?" + values.Encode()
}

// summaryTable is the table of groups. A group's first cell leads to its conversions.
func (p *page) summaryTable(report *openReport, order groupOrder, resp *trackingv1.SummarizeConversionsResponse, called names) table {
	t := table{ID: "groups-table", Target: "report", Caption: "Groups", Empty: report.empty(list{})}
	for _, group := range report.groups() {
		for _, d := range dimensions() {
			if d.Value == group {
				t.Columns = append(t.Columns, order.column(d.Label, group, false))
			}
		}
	}
	hasClicks := report.hasClicks(report.groups()...)
	t.Columns = append(t.Columns, figureColumns(order, hasClicks)...)
	for _, r := range resp.GetRows() {
		var cells []cell
		for _, group := range report.groups() {
			cells = append(cells, groupCell(group, r, called))
		}
		cells[0].lead(report.members(r))
		t.Rows = append(t.Rows, row{Cells: append(cells, figureCells(r.GetFigures(), hasClicks)...)})
	}
	return t
}

// hasClicks says whether clicks can be told by dimensions and filter: they have no status and no method, and
// where those are asked for, zero would be no answer.
func (o *openReport) hasClicks(dimensions ...string) bool {
	dimensions = append(dimensions, (&filterScanner{text: o.Filter}).columns()...)
	return !slices.Contains(dimensions, "status") && !slices.Contains(dimensions, "method")
}

func figureColumns(order groupOrder, hasClicks bool) []column {
	all := []column{
		order.column("Clicks", "clicks", true), order.column("Conversions", "conversions", true),
		{Label: "Rate", IsNumber: true},
		{Label: "Without click", IsNumber: true},
		order.column("Amount", "amount", true), order.column("Payout", "payout", true), order.column("Revenue", "revenue", true),
	}
	if hasClicks {
		return all
	}
	return slices.Concat(all[1:2], all[3:])
}

// figureCells are the cells of figureColumns.
func figureCells(f *trackingv1.Figures, hasClicks bool) []cell {
	all := []cell{
		{Text: format.Number(f.GetClicks())},
		{Text: format.Number(f.GetConversions())},
		{Text: shareText(f.ConversionRate)},
		{Text: shareText(f.ShareWithoutClick)},
		{Text: moneyTexts(f.GetAmounts())},
		{Text: moneyTexts(f.GetPayouts())},
		{Text: moneyTexts(f.GetRevenues())},
	}
	if hasClicks {
		return all
	}
	return slices.Concat(all[1:2], all[3:])
}

// groupCell says what a group is, by one of its dimensions.
func groupCell(group string, r *trackingv1.SummaryRow, called names) cell {
	switch group {
	case "offer":
		return cell{Text: called.of(r.GetOffer())}
	case "publisher":
		if r.GetPublisher() == "" {
			return cell{Text: "Nobody"}
		}
		return cell{Text: called.of(r.GetPublisher())}
	case "coupon_code":
		if r.GetCouponCode() == "" {
			return cell{Text: "No code"}
		}
		return codeCell(r.GetCouponCode())
	case "status":
		return cell{Badge: stateBadge(r.GetStatus().String())}
	case "method":
		if r.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED {
			return cell{Text: "Not credited"}
		}
		return cell{Text: enumWords(r.GetMethod())}
	default:
		return cell{Text: dateLabel(r.GetDate(), group)}
	}
}

// members is the address of a group's conversions as a list.
func (o *openReport) members(r *trackingv1.SummaryRow) string {
	state := o.reportState
	state.Group = ""
	conditions := []string{o.Filter}
	for _, group := range o.groups() {
		switch group {
		case "offer":
			conditions = append(conditions, "offer = "+quoted(idOf(r.GetOffer())))
		case "publisher":
			conditions = append(conditions, "publisher = "+quoted(idOf(r.GetPublisher())))
		case "coupon_code":
			conditions = append(conditions, "coupon_code = "+quoted(r.GetCouponCode()))
		case "status":
			conditions = append(conditions, "status = "+r.GetStatus().String())
		case "method":
			if r.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED {
				conditions = append(conditions, "outcome = UNATTRIBUTED")
			} else {
				conditions = append(conditions, "method = "+r.GetMethod().String())
			}
		default:
			state.Range = o.within(r.GetDate(), group)
		}
	}
	state.Filter = and(conditions...)
	return o.at(state)
}

// within are the days of a day, week or month that the report has.
func (o *openReport) within(date, step string) string {
	first, ok := dayOf(date, o.zone)
	if !ok {
		return o.Range
	}
	last := first
	switch step {
	case "week":
		last = civilday.Begin(first.Year(), first.Month(), first.Day()+6, o.zone)
	case "month":
		last = civilday.Begin(first.Year(), first.Month()+1, 0, o.zone)
	}
	if !o.span.from.IsZero() && first.Before(o.span.from) {
		first = o.span.from
	}
	if !o.span.to.IsZero() && o.span.to.Before(last) {
		last = o.span.to
	}
	from, to := span{first, last}.dates()
	return from + rangeMark + to
}
