package report

import (
	"net/http"
	"net/url"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// totalFacts says what conversions come to.
func totalFacts(f *trackingv1.Figures) []ui.Fact {
	facts := []ui.Fact{
		{Label: "Conversions", Value: format.Number(f.GetConversions())},
		{Label: "Without a click", Value: ui.ShareText(f.ShareWithoutClick), Hint: format.Number(f.GetConversionsWithoutClick())},
		{Label: "Amount", Value: ui.MoneyTexts(f.GetAmounts())},
	}
	if len(f.GetRefundedAmounts()) > 0 {
		facts = append(facts, ui.Fact{Label: "Refunded", Value: ui.MoneyTexts(f.GetRefundedAmounts())})
	}
	if len(f.GetDiscounts()) > 0 {
		facts = append(facts, ui.Fact{Label: "Discount", Value: ui.MoneyTexts(f.GetDiscounts())})
	}
	return append(facts, ui.Fact{Label: "Payout", Value: ui.MoneyTexts(f.GetPayouts())}, ui.Fact{Label: "Revenue", Value: ui.MoneyTexts(f.GetRevenues())})
}

// showReportTotals answers with the totals of all that match: they take longer than a page of rows, so
// that the page asks for them when it is shown.
func showReportTotals(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	report, err := reportOf(p)
	if err != nil {
		return err
	}
	resp, err := p.Conversions().ListConversions(r.Context(), &trackingv1.ListConversionsRequest{
		Filter: report.fullFilter(), PageSize: 1, IncludeTotals: true,
	})
	if err != nil {
		return err
	}
	return p.Part("report", "totals", totalFacts(resp.GetTotals()))
}

// exportReport answers with the report as CSV: its columns or its groups, its filter, its order.
func exportReport(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	report, err := reportOf(p)
	if err != nil {
		return err
	}
	if report.rangeError != "" {
		return p.Refuse(http.StatusBadRequest, "Invalid days", report.rangeError)
	}
	if report.Group != "" {
		return exportGroups(w, p, report)
	}
	asked := r.Clone(r.Context())
	asked.URL = &url.URL{Path: "/v1/reports/conversions:export", RawQuery: url.Values{
		"format": {"csv"}, "columns": {report.Columns}, "filter": {report.fullFilter()}, "order_by": {report.orderBy()}, "bom": {"true"},
	}.Encode()}
	asked.RequestURI = asked.URL.RequestURI()
	p.API.ServeHTTP(w, asked)
	return nil
}
