package report

import (
	"net/http"
	"net/url"
	"strconv"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func leakedCodeRoutes() []ui.Route {
	return []ui.Route{ui.Get("reports/leaked-codes", listLeakedCodes)}
}

func listLeakedCodes(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	l := p.ListOf("-rise")
	recent, before, least := number(l, "recent", 7), number(l, "before", 28), number(l, "least", 10)
	req := &trackingv1.ListLeakedCodesRequest{RecentDays: recent, BaselineDays: before, MinConversions: least}
	if offer := l.Get("offer"); offer != "" {
		req.Offer = resource.Offer(ui.IDOf(offer))
	}
	resp, err := p.Reports().ListLeakedCodes(r.Context(), req)
	if err != nil {
		return err
	}
	offers, publishers := []string{req.GetOffer()}, []string(nil)
	for _, one := range resp.GetLeakedCodes() {
		offers, publishers = append(offers, one.GetOffer()), append(publishers, one.GetPublisher())
	}
	called := p.NamesOf(r.Context(), offers, publishers)
	view := ui.LogView{
		Action: l.Path, Table: leakedTable(resp, called, recent),
		Filters: []ui.Field{
			{Name: "recent", Label: "The last days", Kind: "select", Value: strconv.Itoa(int(recent)), Choices: dayChoices(recent, 3, 7, 14, 30)},
			{Name: "before", Label: "Compared with", Kind: "select", Value: strconv.Itoa(int(before)), Choices: dayChoices(before, 14, 28, 56, 90, 180)},
			{Name: "least", Label: "At least", Kind: "select", Value: strconv.Itoa(int(least)), Choices: countChoices(least, 5, 10, 25, 50, 100)},
			ui.OfferFilter(l, called),
		},
		Notes: []ui.Note{{Tone: "plain", Text: "A code that leaks, say onto a coupon site, is used by people who never clicked its publisher’s link. " +
			"The list has each code whose share of sales without a click has risen by ten percentage points or more, and by more than chance explains (less likely than 1 in 1,000). " +
			"A code without a history is compared with its offer’s other codes."}},
	}
	if l.IsFiltered("recent", "before", "least", "offer") {
		view.ClearHref = l.Path
	}
	p.Title, p.Section = "Leaked Codes", "reports/leaked-codes"
	p.Lead = "Codes that seem to be used outside their publisher’s audience."
	return p.Show("log", view)
}

// number is a value of the state that is a number of one or more; else the usual one.
func number(l ui.List, name string, usual int32) int32 {
	n, err := strconv.ParseInt(l.Get(name), 10, 32)
	if err != nil || n < 1 {
		return usual
	}
	return int32(n)
}

func dayChoices(asked int32, usual ...int32) []ui.Choice { return choicesOf(asked, " days", usual) }

func countChoices(asked int32, usual ...int32) []ui.Choice {
	return choicesOf(asked, " conversions", usual)
}

// choicesOf are numbers with a unit; another one that is asked for stands last.
func choicesOf(asked int32, unit string, usual []int32) []ui.Choice {
	var all []ui.Choice
	isKnown := false
	for _, n := range usual {
		isKnown = isKnown || n == asked
		all = append(all, ui.Choice{Value: strconv.Itoa(int(n)), Label: strconv.Itoa(int(n)) + unit})
	}
	if !isKnown {
		all = append(all, ui.Choice{Value: strconv.Itoa(int(asked)), Label: format.Number(int64(asked)) + unit})
	}
	return all
}

func leakedTable(resp *trackingv1.ListLeakedCodesResponse, called ui.Names, days int32) ui.Table {
	t := ui.Table{
		ID: "leaked-table", Caption: "Leaked codes",
		Columns: []ui.Column{{Label: "Coupon code"}, {Label: "Offer"}, {Label: "Publisher"}, {Label: "Conversions", IsNumber: true}, {Label: "Without click", IsNumber: true}, {Label: "Before", IsNumber: true}, {Label: "Rise", IsNumber: true}, {Label: "What to do"}},
		Empty: ui.Empty{
			Title: "No code looks leaked", Text: "No share has risen by more than chance explains. Choose a longer time, or fewer conversions.",
			Action: &ui.Link{Label: "To the Conversion Report", Href: ui.Href("reports", "conversions")},
		},
	}
	for _, one := range resp.GetLeakedCodes() {
		code := ui.Cell{Text: one.GetCouponCode()}
		state := defaultReport()
		state.Filter = ui.And("offer = "+ui.Quoted(ui.IDOf(one.GetOffer())), "coupon_code = "+ui.Quoted(one.GetCouponCode()))
		if days != 7 {
			state.Range = "last_30_days"
		} else {
			state.Range = "last_7_days"
		}
		code.Lead((&openReport{base: defaultReport()}).at(state))
		before := ui.Cell{Text: format.Percent(one.GetBaselineShareWithoutClick()), Sub: "of " + format.Number(one.GetBaselineConversions())}
		if one.GetComparedWithOffer() {
			before.Sub += ", other codes"
		}
		rise := one.GetRecentShareWithoutClick() - one.GetBaselineShareWithoutClick()
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			code,
			{Text: called.Of(one.GetOffer())},
			{Text: called.Of(one.GetPublisher())},
			{Text: format.Number(one.GetRecentConversions())},
			{Text: format.Percent(one.GetRecentShareWithoutClick())},
			before,
			{Badge: &ui.Badge{Text: "+" + strconv.Itoa(int(rise*100+0.5)) + " points", Tone: "bad"}},
			{Links: []ui.Link{{Label: "See its coupons", Href: ui.Href("offers", ui.IDOf(one.GetOffer()), "coupons") + "?q=" + url.QueryEscape(one.GetCouponCode())}}},
		}})
	}
	return t
}
