package report

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

// mostGroupLines is how many groups a file has at most: all that a summary returns.
const mostGroupLines = 10_000

// groupFileColumn is a column of the groups as CSV.
type groupFileColumn struct {
	name string
	cell func(*trackingv1.SummaryRow) string
	// isText says that the cells are texts, and not days, figures or amounts.
	isText bool
}

// exportGroups answers with the report's groups as CSV: all of them, or none.
func exportGroups(w http.ResponseWriter, p *ui.Page, report *openReport) error {
	from, to := report.span.dates()
	resp, err := p.Reports().SummarizeConversions(p.Request.Context(), &trackingv1.SummarizeConversionsRequest{
		GroupBy: dimensionsOf(report.groups()), StartDate: from, EndDate: to, Filter: report.Filter,
		OrderBy: report.groupOrder(), MaxRows: mostGroupLines,
	})
	if err != nil {
		return err
	}
	if n := int64(resp.GetRowCount()); n > int64(len(resp.GetRows())) {
		return p.Refuse(http.StatusBadRequest, "Too many groups",
			"A file has up to "+format.Number(mostGroupLines)+" groups, and these are "+format.Number(n)+". Take fewer days, filter, or group by less.")
	}
	columns := append(groupDimensions(p, report.groups(), resp.GetRows()), groupFigures(resp, report.hasClicks(report.groups()...))...)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+report.fileName()+`"`)
	return writeGroups(w, columns, resp.GetRows())
}

// fileName is what the report is called as a file.
func (o *openReport) fileName() string {
	if o.Group == "" {
		return "conversions.csv"
	}
	return "conversions-by-" + strings.Join(o.groups(), "-") + ".csv"
}

// writeGroups writes the groups in the format of exports, with a byte order mark for spreadsheets.
func writeGroups(w http.ResponseWriter, columns []groupFileColumn, rows []*trackingv1.SummaryRow) error {
	lines := spreadsheet.NewWriter(w)
	err := lines.Mark()
	for _, c := range columns {
		lines.Text(c.name)
	}
	err = cmp.Or(err, lines.EndLine())
	for _, r := range rows {
		for _, c := range columns {
			if c.isText {
				lines.Text(c.cell(r))
			} else {
				lines.Plain(c.cell(r))
			}
		}
		err = cmp.Or(err, lines.EndLine())
	}
	return cmp.Or(err, lines.Flush())
}

// groupDimensions are the columns that say what a group is: as the API has it, and offers and publishers by
// what they are called, too.
func groupDimensions(p *ui.Page, groups []string, rows []*trackingv1.SummaryRow) []groupFileColumn {
	var columns []groupFileColumn
	add := func(name string, cell func(*trackingv1.SummaryRow) string) {
		columns = append(columns, groupFileColumn{name, cell, true})
	}
	called := namesOfGroups(p, p.Request.Context(), rows)
	for _, group := range groups {
		switch group {
		case "offer":
			add("offer", (*trackingv1.SummaryRow).GetOffer)
			add("offer_name", func(r *trackingv1.SummaryRow) string { return called[r.GetOffer()] })
		case "publisher":
			add("publisher", (*trackingv1.SummaryRow).GetPublisher)
			add("publisher_name", func(r *trackingv1.SummaryRow) string { return called[r.GetPublisher()] })
		case "coupon_code":
			add("coupon_code", (*trackingv1.SummaryRow).GetCouponCode)
		case "status":
			add("status", func(r *trackingv1.SummaryRow) string { return r.GetStatus().String() })
		case "method":
			add("method", func(r *trackingv1.SummaryRow) string {
				if r.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED {
					return ""
				}
				return r.GetMethod().String()
			})
		default:
			columns = append(columns, groupFileColumn{name: group, cell: (*trackingv1.SummaryRow).GetDate})
		}
	}
	return columns
}

// groupFigures are the columns of figures: amounts of money in one for each currency that there is.
func groupFigures(resp *trackingv1.SummarizeConversionsResponse, hasClicks bool) []groupFileColumn {
	var columns []groupFileColumn
	count := func(name string, of func(*trackingv1.Figures) int64) {
		columns = append(columns, groupFileColumn{name: name, cell: func(r *trackingv1.SummaryRow) string { return strconv.FormatInt(of(r.GetFigures()), 10) }})
	}
	share := func(name string, of func(*trackingv1.Figures) *float64) {
		columns = append(columns, groupFileColumn{name: name, cell: func(r *trackingv1.SummaryRow) string { return decimalShare(of(r.GetFigures())) }})
	}
	amounts := func(name string, of func(*trackingv1.Figures) []*couponv1.Money) {
		for _, total := range of(resp.GetTotals()) {
			currency := total.GetCurrencyCode()
			columns = append(columns, groupFileColumn{name: name + "_" + currency, cell: func(r *trackingv1.SummaryRow) string { return decimalIn(currency, of(r.GetFigures())) }})
		}
	}
	if hasClicks {
		count("clicks", (*trackingv1.Figures).GetClicks)
	}
	count("conversions", (*trackingv1.Figures).GetConversions)
	if hasClicks {
		share("conversion_rate", func(f *trackingv1.Figures) *float64 { return f.ConversionRate })
	}
	count("conversions_without_click", (*trackingv1.Figures).GetConversionsWithoutClick)
	share("share_without_click", func(f *trackingv1.Figures) *float64 { return f.ShareWithoutClick })
	amounts("amount", (*trackingv1.Figures).GetAmounts)
	amounts("discount", (*trackingv1.Figures).GetDiscounts)
	amounts("refunded_amount", (*trackingv1.Figures).GetRefundedAmounts)
	amounts("payout", (*trackingv1.Figures).GetPayouts)
	amounts("revenue", (*trackingv1.Figures).GetRevenues)
	return columns
}

// decimalShare writes a share as 0.2150; "" if it is unset.
func decimalShare(share *float64) string {
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(*share, 'f', 4, 64)
}

// decimalIn returns the amount in a currency; "" if there is no such amount.
func decimalIn(currency string, amounts []*couponv1.Money) string {
	for _, m := range amounts {
		if m.GetCurrencyCode() == currency {
			return money.Money{Currency: currency, Units: m.GetUnits(), Nanos: m.GetNanos()}.Decimal()
		}
	}
	return ""
}
