package report

import (
	"slices"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// groupFigureNames are the figures that groups can be sorted by.
func groupFigureNames() []string {
	return []string{"clicks", "conversions", "amount", "discount", "payout", "revenue"}
}

// groupColumn is a heading that sorts; figures the greatest first.
func (o *openReport) groupColumn(label, field string, isNumber bool) ui.Column {
	first, second := field, "-"+field
	if isNumber {
		first, second = second, first
	}
	sortedBy := func(by string) string { return o.with(func(s *reportState) { s.By = by }) }
	c := ui.Column{Label: label, IsNumber: isNumber, SortHref: sortedBy(first)}
	switch o.By {
	case first:
		c.SortHref = sortedBy(second)
	case second:
	default:
		return c
	}
	c.Sorted = "ascending"
	if strings.HasPrefix(o.By, "-") {
		c.Sorted = "descending"
	}
	return c
}

// summaryTable is the table of groups. A group's first cell leads to its conversions.
func summaryTable(report *openReport, resp *trackingv1.SummarizeConversionsResponse, called ui.Names) ui.Table {
	t := ui.Table{ID: "groups-table", Target: "report", Caption: "Groups", Empty: report.empty(ui.List{})}
	for _, group := range report.groups() {
		for _, d := range dimensions() {
			if d.Value == group {
				t.Columns = append(t.Columns, report.groupColumn(d.Label, group, false))
			}
		}
	}
	shown := shownFigures{clicks: report.hasClicks(report.groups()...), discounts: len(resp.GetTotals().GetDiscounts()) > 0}
	t.Columns = append(t.Columns, report.figureColumns(shown)...)
	for _, r := range resp.GetRows() {
		var cells []ui.Cell
		for _, group := range report.groups() {
			cells = append(cells, groupCell(group, r, called))
		}
		cells[0].Lead(report.members(r))
		t.Rows = append(t.Rows, ui.Row{Cells: append(cells, figureCells(r.GetFigures(), shown)...)})
	}
	return t
}

// hasClicks says whether clicks can be told by dimensions and filter: they have no status and no method, and
// where those are asked for, zero would be no answer.
func (o *openReport) hasClicks(dimensions ...string) bool {
	for _, clause := range o.outline.Clauses {
		dimensions = append(dimensions, clause.Field)
	}
	return !slices.Contains(dimensions, "status") && !slices.Contains(dimensions, "method")
}

// shownFigures says which figures a table of groups has, beside those that all have.
type shownFigures struct{ clicks, discounts bool }

func (o *openReport) figureColumns(shown shownFigures) []ui.Column {
	return only(shown, []ui.Column{
		o.groupColumn("Clicks", "clicks", true), o.groupColumn("Conversions", "conversions", true),
		{Label: "Rate", IsNumber: true},
		{Label: "Without click", IsNumber: true},
		o.groupColumn("Amount", "amount", true), o.groupColumn("Discount", "discount", true), o.groupColumn("Payout", "payout", true),
		o.groupColumn("Revenue", "revenue", true),
	})
}

// figureCells are the cells of figureColumns.
func figureCells(f *trackingv1.Figures, shown shownFigures) []ui.Cell {
	return only(shown, []ui.Cell{
		{Text: format.Number(f.GetClicks())},
		{Text: format.Number(f.GetConversions())},
		{Text: ui.ShareText(f.ConversionRate)},
		{Text: ui.ShareText(f.ShareWithoutClick)},
		{Text: ui.MoneyTexts(f.GetAmounts())},
		{Text: ui.MoneyTexts(f.GetDiscounts())},
		{Text: ui.MoneyTexts(f.GetPayouts())},
		{Text: ui.MoneyTexts(f.GetRevenues())},
	})
}

// only leaves out of all figures those that are not shown: clicks with the rate, and discounts.
func only[T any](shown shownFigures, all []T) []T {
	if !shown.discounts {
		all = slices.Delete(all, 5, 6)
	}
	if !shown.clicks {
		all = slices.Concat(all[1:2], all[3:])
	}
	return all
}

// groupCell says what a group is, by one of its dimensions.
func groupCell(group string, r *trackingv1.SummaryRow, called ui.Names) ui.Cell {
	switch group {
	case "offer":
		return ui.Cell{Text: called.Of(r.GetOffer())}
	case "publisher":
		if r.GetPublisher() == "" {
			return ui.Cell{Text: "Nobody"}
		}
		return ui.Cell{Text: called.Of(r.GetPublisher())}
	case "coupon_code":
		if r.GetCouponCode() == "" {
			return ui.Cell{Text: "No code"}
		}
		return ui.CodeCell(r.GetCouponCode())
	case "status":
		return ui.Cell{Badge: ui.StateBadge(r.GetStatus().String())}
	case "method":
		if r.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED {
			return ui.Cell{Text: "Not credited"}
		}
		return ui.Cell{Text: format.EnumWords(r.GetMethod())}
	default:
		return ui.Cell{Text: dateLabel(r.GetDate(), group)}
	}
}

// members is the address of a group's conversions as a list.
func (o *openReport) members(r *trackingv1.SummaryRow) string {
	state := o.reportState
	state.Group, state.By = "", ""
	conditions := []string{o.Filter}
	for _, group := range o.groups() {
		switch group {
		case "offer":
			conditions = append(conditions, "offer = "+ui.Quoted(ui.IDOf(r.GetOffer())))
		case "publisher":
			conditions = append(conditions, "publisher = "+ui.Quoted(ui.IDOf(r.GetPublisher())))
		case "coupon_code":
			conditions = append(conditions, "coupon_code = "+ui.Quoted(r.GetCouponCode()))
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
	state.Filter = ui.And(conditions...)
	return o.at(state)
}

// within are the days of a day, week or month that the report has.
func (o *openReport) within(date, step string) string {
	first, ok := ui.DayOf(date, o.zone)
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
