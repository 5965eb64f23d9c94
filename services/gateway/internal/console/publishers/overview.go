package publishers

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// publisherCoupons is how many coupons a publisher's page shows; the Coupons tab has all.
const publisherCoupons = 20

// publisherView is the first tab of a publisher's page: how it does, and with which codes.
type publisherView struct {
	State *ui.Badge
	ID    string
	ui.DaysView
	Coupons ui.Table
	// IsSilent says that the coupons are not available now.
	IsSilent bool
	// All leads to all coupons; nil where these are all.
	All *ui.Link
	// Report leads to the publisher's conversions.
	Report *ui.Link
}

// publisherFigures is what the page's calls have answered.
type publisherFigures struct {
	days       ui.FiguresByDay
	byCode     ui.Answered[*trackingv1.SummarizeConversionsResponse]
	coupons    ui.Answered[*couponv1.ListCouponsResponse]
	offerNames map[string]string
}

func showPublisher(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	ctx, cancel := context.WithTimeout(r.Context(), ui.FigurePatience)
	defer cancel()
	id := r.PathValue("publisher")
	var stored ui.Answered[*couponv1.Publisher]
	var found publisherFigures
	var all sync.WaitGroup
	ui.Ask(&all, &stored, func() (*couponv1.Publisher, error) { return readPublisher(p) })
	if resource.IsID(id) { // no publisher has another id, and it must not get into filters
		askPublisher(p, ctx, &all, &found, id)
	}
	all.Wait()
	if stored.Err != nil {
		return stored.Err
	}
	publisherPage(p, stored.Value, "publishers/{publisher}")
	view := publisherView{
		ID: id, State: ui.StateBadge(stored.Value.GetState().String()), DaysView: p.DaysViewOf(found.days),
		IsSilent: found.coupons.Err != nil, Coupons: publisherCouponsTable(p, id, &found),
		Report: p.LinkWith("reports/conversions", "Conversion Report of this publisher", url.Values{
			"filter": {"publisher = " + ui.Quoted(resource.Publisher(id))}, "range": {"last_30_days"},
		}),
	}
	if found.coupons.Value.GetNextPageToken() != "" {
		view.All = p.LinkWith("coupons", "All coupons of this publisher", url.Values{"publisher": {id}})
	}
	if create := p.LinkWith("coupons/new", "+ Create Coupon", url.Values{"publisher": {id}}); create != nil {
		create.IsPrimary = true
		p.Actions = []ui.Link{*create}
	}
	return p.Show("publisher", view)
}

// askPublisher asks for a publisher's figures and coupons at once.
func askPublisher(p *ui.Page, ctx context.Context, all *sync.WaitGroup, found *publisherFigures, id string) {
	filter := "publisher = " + ui.Quoted(resource.Publisher(id))
	found.days = p.LastDays()
	reports := trackingv1.NewReportServiceClient(p.Tracking)
	ui.Ask(all, &found.days.Answered, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy:   []trackingv1.SummarizeConversionsRequest_Dimension{trackingv1.SummarizeConversionsRequest_DAY},
			StartDate: found.days.From, EndDate: found.days.To, MaxRows: ui.FigureDays, Filter: filter,
		})
	})
	ui.Ask(all, &found.byCode, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy:   []trackingv1.SummarizeConversionsRequest_Dimension{trackingv1.SummarizeConversionsRequest_OFFER, trackingv1.SummarizeConversionsRequest_COUPON_CODE},
			StartDate: found.days.From, EndDate: found.days.To, Filter: filter,
		})
	})
	ui.Ask(all, &found.coupons, func() (*couponv1.ListCouponsResponse, error) {
		resp, err := couponv1.NewCouponServiceClient(p.Coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: "offers/-", PageSize: publisherCoupons, Filter: filter, OrderBy: "create_time desc",
		})
		var offers []string
		for _, c := range resp.GetCoupons() {
			offers = append(offers, c.GetOffer())
		}
		found.offerNames = p.OfferNames(ctx, offers)
		return resp, err
	})
}

func publisherCouponsTable(p *ui.Page, id string, found *publisherFigures) ui.Table {
	figures := map[string]*trackingv1.Figures{}
	for _, row := range found.byCode.Value.GetRows() {
		figures[row.GetOffer()+" "+row.GetCouponCode()] = row.GetFigures()
	}
	t := ui.Table{
		ID: "publisher-coupons", Caption: "Coupons of this publisher",
		Columns: []ui.Column{
			{Label: "Coupon Code"},
			{Label: "Offer"},
			{Label: "State"},
			{Label: "Expiration Date"},
			{Label: "Clicks", IsNumber: true},
			{Label: "Conversions", IsNumber: true},
			{Label: "Payout", IsNumber: true},
			{Label: "Tracking link"},
		},
		Empty: ui.Empty{
			Title: "No coupons yet", Text: "A coupon is a code for this publisher on an offer. It comes with a tracking link to share.",
			Action: p.LinkWith("coupons/new", "+ Create Coupon", url.Values{"publisher": {id}}),
		},
	}
	for _, c := range found.coupons.Value.GetCoupons() {
		offer := ui.IDOf(c.GetOffer())
		code := ui.Cell{Text: c.GetCode(), IsCode: true}
		if p.Has("offers/{offer}/coupons/{coupon}") {
			code = ui.Cell{Text: c.GetCode(), Href: ui.Href("offers", offer, "coupons", ui.IDOf(c.GetName()))}
		}
		expires := ui.Cell{Text: "–"}
		if c.GetExpireTime() != nil {
			// The last moment, since the time itself is no longer in.
			expires = ui.Cell{Time: c.GetExpireTime().AsTime().Add(-1)}
		}
		_, upper, _ := strings.Cut(ui.IDOf(c.GetName()), ".")
		f := figures[c.GetOffer()+" "+upper]
		t.Rows = append(t.Rows, ui.Row{Key: c.GetName(), Label: c.GetCode(), Cells: []ui.Cell{
			code,
			{Text: format.OrElse(found.offerNames[offer], offer), Href: ui.Href("offers", offer)},
			{Badge: ui.StateBadge(c.GetState().String())},
			expires,
			{Text: numberCell(found, f.GetClicks())},
			{Text: numberCell(found, f.GetConversions())},
			{Text: ui.Joined(ui.MoneyOf(f.GetPayouts()))},
			{Links: []ui.Link{{Label: "Scan", Href: ui.ScanHref(c.GetTrackingLink())}}},
		}})
	}
	return t
}

// numberCell is a figure, or a dash where figures are not available now.
func numberCell(found *publisherFigures, n int64) string {
	if found.byCode.Err != nil {
		return "–"
	}
	return format.Number(n)
}
