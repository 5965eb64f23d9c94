package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// publisherCoupons is how many coupons a publisher's page shows; the Coupons tab has all.
const publisherCoupons = 20

// publisherView is the first tab of a publisher's page: how it does, and with which codes.
type publisherView struct {
	State *badge
	ID    string
	daysView
	Coupons table
	// IsSilent says that the coupons are not available now.
	IsSilent bool
	// All leads to all coupons; nil where these are all.
	All *link
	// Report leads to the publisher's conversions.
	Report *link
}

// publisherFigures is what the page's calls have answered.
type publisherFigures struct {
	days       figuresByDay
	byCode     answered[*trackingv1.SummarizeConversionsResponse]
	coupons    answered[*couponv1.ListCouponsResponse]
	offerNames map[string]string
}

func showPublisher(_ http.ResponseWriter, r *http.Request, p *page) error {
	ctx, cancel := context.WithTimeout(r.Context(), overviewPatience)
	defer cancel()
	id := r.PathValue("publisher")
	var stored answered[*couponv1.Publisher]
	var found publisherFigures
	var all sync.WaitGroup
	ask(&all, &stored, p.publisher)
	if isID(id) { // what is none is not put into filters; there is no such publisher
		p.askPublisher(ctx, &all, &found, id)
	}
	all.Wait()
	if stored.err != nil {
		return stored.err
	}
	p.publisherPage(stored.value, "publishers/{publisher}")
	view := publisherView{
		ID: id, State: stateBadge(stored.value.GetState().String()), daysView: p.daysViewOf(found.days),
		IsSilent: found.coupons.err != nil, Coupons: p.publisherCouponsTable(id, &found),
		Report: p.linkWith("reports/conversions", "Conversion Report of this publisher", url.Values{
			"filter": {"publisher = " + quoted("publishers/"+id)}, "range": {"last_30_days"},
		}),
	}
	if found.coupons.value.GetNextPageToken() != "" {
		view.All = p.linkWith("coupons", "All coupons of this publisher", url.Values{"publisher": {id}})
	}
	if create := p.linkWith("coupons/new", "+ Create Coupon", url.Values{"publisher": {id}}); create != nil {
		create.IsPrimary = true
		p.Actions = []link{*create}
	}
	return p.show("publisher", view)
}

// askPublisher asks for a publisher's figures and coupons at once.
func (p *page) askPublisher(ctx context.Context, all *sync.WaitGroup, found *publisherFigures, id string) {
	filter := "publisher = " + quoted("publishers/"+id)
	found.days = p.lastDays()
	reports := trackingv1.NewReportServiceClient(p.tracking)
	ask(all, &found.days.answered, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy:   []trackingv1.SummarizeConversionsRequest_Dimension{trackingv1.SummarizeConversionsRequest_DAY},
			StartDate: found.days.from, EndDate: found.days.to, MaxRows: overviewDays, Filter: filter,
		})
	})
	ask(all, &found.byCode, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy:   []trackingv1.SummarizeConversionsRequest_Dimension{trackingv1.SummarizeConversionsRequest_OFFER, trackingv1.SummarizeConversionsRequest_COUPON_CODE},
			StartDate: found.days.from, EndDate: found.days.to, Filter: filter,
		})
	})
	ask(all, &found.coupons, func() (*couponv1.ListCouponsResponse, error) {
		resp, err := couponv1.NewCouponServiceClient(p.coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: "offers/-", PageSize: publisherCoupons, Filter: filter, OrderBy: "create_time desc",
		})
		var offers []string
		for _, c := range resp.GetCoupons() {
			offers = append(offers, c.GetOffer())
		}
		found.offerNames = p.offerNames(ctx, offers)
		return resp, err
	})
}

func (p *page) publisherCouponsTable(id string, found *publisherFigures) table {
	figures := map[string]*trackingv1.Figures{}
	for _, row := range found.byCode.value.GetRows() {
		figures[row.GetOffer()+" "+row.GetCouponCode()] = row.GetFigures()
	}
	t := table{
		ID: "publisher-coupons", Caption: "Coupons of this publisher",
		Columns: []column{
			{Label: "Coupon Code"},
			{Label: "Offer"},
			{Label: "State"},
			{Label: "Expiration Date"},
			{Label: "Clicks", IsNumber: true},
			{Label: "Conversions", IsNumber: true},
			{Label: "Payout", IsNumber: true},
			{Label: "Tracking link"},
		},
		Empty: empty{
			Title: "No coupons yet", Text: "A coupon is a code for this publisher on an offer. It comes with a tracking link to share.",
			Action: p.linkWith("coupons/new", "+ Create Coupon", url.Values{"publisher": {id}}),
		},
	}
	for _, c := range found.coupons.value.GetCoupons() {
		offer := idOf(c.GetOffer())
		code := cell{Text: c.GetCode(), IsCode: true}
		if p.has("offers/{offer}/coupons/{coupon}") {
			code = cell{Text: c.GetCode(), Href: at("offers", offer, "coupons", idOf(c.GetName()))}
		}
		expires := cell{Text: "–"}
		if c.GetExpireTime() != nil {
			// The last moment, since the time itself is no longer in.
			expires = cell{Time: c.GetExpireTime().AsTime().Add(-1)}
		}
		_, upper, _ := strings.Cut(idOf(c.GetName()), ".")
		f := figures[c.GetOffer()+" "+upper]
		t.Rows = append(t.Rows, row{Key: c.GetName(), Label: c.GetCode(), Cells: []cell{
			code,
			{Text: orElse(found.offerNames[offer], offer), Href: at("offers", offer)},
			{Badge: stateBadge(c.GetState().String())},
			expires,
			{Text: p.numberCell(found, f.GetClicks())},
			{Text: p.numberCell(found, f.GetConversions())},
			{Text: joined(moneyOf(f.GetPayouts()))},
			{Links: []link{{Label: "Scan", Href: scanHref(c.GetTrackingLink())}}},
		}})
	}
	return t
}

// numberCell is a figure, or a dash where figures are not available now.
func (p *page) numberCell(found *publisherFigures, n int64) string {
	if found.byCode.err != nil {
		return "–"
	}
	return format.Number(n)
}
