package overview

import (
	"context"
	"net/http"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

const (
	// overviewTop is how long its lists of the best are.
	overviewTop = 5
	// expiringDays is how early it speaks of coupons that expire.
	expiringDays = 7
	// countedConflicts is up to where conflicts are counted.
	countedConflicts = 100
)

func routes() []ui.Route {
	return []ui.Route{ui.Get("", showOverview)}
}

// overview is all that the Overview's calls have answered.
type overview struct {
	days                            ui.FiguresByDay
	byPublisher, byCode, byMethod   ui.Answered[*trackingv1.SummarizeConversionsResponse]
	expiring                        ui.Answered[*couponv1.ListCouponsResponse]
	dead                            ui.Answered[*trackingv1.ReplayDeliveriesResponse]
	conflicts                       ui.Answered[*trackingv1.ListConversionsResponse]
	leaked                          ui.Answered[*trackingv1.ListLeakedCodesResponse]
	publisherNames, codesOfferNames map[string]string
}

func showOverview(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	ctx, cancel := context.WithTimeout(r.Context(), ui.FigurePatience)
	defer cancel()
	o := askOverview(p, ctx)
	view := overviewOf(p, o)
	p.Title, p.Section = "Overview", ""
	p.Lead = "The last " + format.Number(ui.FigureDays) + " days, " + view.Span + ", by days of " + p.Zone.String() + "."
	if total := o.days.Value.GetTotals(); o.days.Err == nil && total.GetConversions() == 0 {
		view.Steps = firstSteps(p, ctx)
		if view.IsNew = view.Steps != nil && total.GetClicks() == 0; view.IsNew {
			p.Lead = "Nothing has happened here yet. These steps lead to a first sale."
		}
	}
	return p.Show("overview", view)
}

// askOverview asks both services for everything at once.
func askOverview(p *ui.Page, ctx context.Context) *overview {
	o := &overview{days: p.LastDays()}
	reports := trackingv1.NewReportServiceClient(p.Tracking)
	conversions := trackingv1.NewConversionServiceClient(p.Tracking)
	summary := func(rows int32, order string, by ...trackingv1.SummarizeConversionsRequest_Dimension) (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy: by, StartDate: o.days.From, EndDate: o.days.To, OrderBy: order, MaxRows: rows,
		})
	}
	var all sync.WaitGroup
	ui.Ask(&all, &o.days.Answered, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return summary(ui.FigureDays, "", trackingv1.SummarizeConversionsRequest_DAY)
	})
	ui.Ask(&all, &o.byMethod, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return summary(0, "", trackingv1.SummarizeConversionsRequest_METHOD, trackingv1.SummarizeConversionsRequest_STATUS)
	})
	ui.Ask(&all, &o.byPublisher, func() (*trackingv1.SummarizeConversionsResponse, error) {
		found, err := summary(overviewTop+1, "conversions desc, clicks desc", trackingv1.SummarizeConversionsRequest_PUBLISHER)
		o.publisherNames = p.PublisherNames(ctx, publishersOf(found))
		return found, err
	})
	ui.Ask(&all, &o.byCode, func() (*trackingv1.SummarizeConversionsResponse, error) {
		found, err := summary(2*overviewTop, "conversions desc, clicks desc", trackingv1.SummarizeConversionsRequest_OFFER,
			trackingv1.SummarizeConversionsRequest_PUBLISHER, trackingv1.SummarizeConversionsRequest_COUPON_CODE)
		o.codesOfferNames = p.OfferNames(ctx, offersOf(found))
		return found, err
	})
	ui.Ask(&all, &o.expiring, func() (*couponv1.ListCouponsResponse, error) {
		return couponv1.NewCouponServiceClient(p.Coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: "offers/-", PageSize: countedConflicts, OrderBy: "expire_time",
			Filter: "state = ACTIVE AND expire_time < " + ui.Quoted(p.Now().AddDate(0, 0, expiringDays).UTC().Format(time.RFC3339)),
		})
	})
	ui.Ask(&all, &o.dead, func() (*trackingv1.ReplayDeliveriesResponse, error) {
		// Counts, and replays nothing.
		return trackingv1.NewDeliveryServiceClient(p.Tracking).ReplayDeliveries(ctx, &trackingv1.ReplayDeliveriesRequest{Filter: "state = DEAD", ValidateOnly: true})
	})
	ui.Ask(&all, &o.conflicts, func() (*trackingv1.ListConversionsResponse, error) {
		return conversions.ListConversions(ctx, &trackingv1.ListConversionsRequest{PageSize: countedConflicts, Filter: "conflicted = true"})
	})
	ui.Ask(&all, &o.leaked, func() (*trackingv1.ListLeakedCodesResponse, error) {
		return reports.ListLeakedCodes(ctx, &trackingv1.ListLeakedCodesRequest{})
	})
	all.Wait()
	return o
}

func publishersOf(found *trackingv1.SummarizeConversionsResponse) []string {
	var names []string
	for _, row := range found.GetRows() {
		names = append(names, row.GetPublisher())
	}
	return names
}

func offersOf(found *trackingv1.SummarizeConversionsResponse) []string {
	var names []string
	for _, row := range found.GetRows() {
		names = append(names, row.GetOffer())
	}
	return names
}

// step is one of the first things to do in a new installation.
type step struct {
	Title, Text string
	// IsDone says that it has been done; Action then is not needed.
	IsDone bool
	Action *ui.Link
}

// firstSteps leads through a new installation, up to the first sale; none where sales were made before.
func firstSteps(p *ui.Page, ctx context.Context) []step {
	var offers ui.Answered[*couponv1.ListOffersResponse]
	var publishers ui.Answered[*couponv1.ListPublishersResponse]
	var coupons ui.Answered[*couponv1.ListCouponsResponse]
	var ever ui.Answered[*trackingv1.SummarizeConversionsResponse]
	var all sync.WaitGroup
	ui.Ask(&all, &offers, func() (*couponv1.ListOffersResponse, error) {
		return p.Offers.ListOffers(ctx, &couponv1.ListOffersRequest{PageSize: 1})
	})
	ui.Ask(&all, &publishers, func() (*couponv1.ListPublishersResponse, error) {
		return p.Publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{PageSize: 1})
	})
	ui.Ask(&all, &coupons, func() (*couponv1.ListCouponsResponse, error) {
		return couponv1.NewCouponServiceClient(p.Coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{Parent: "offers/-", PageSize: 1})
	})
	ui.Ask(&all, &ever, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return trackingv1.NewReportServiceClient(p.Tracking).SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{})
	})
	all.Wait()
	if offers.Err != nil || publishers.Err != nil || coupons.Err != nil || ever.Err != nil || ever.Value.GetTotals().GetConversions() > 0 {
		return nil
	}
	steps := []step{
		{
			Title: "Create an offer", Text: "What an advertiser pays for: a landing page, and what a sale earns.",
			IsDone: len(offers.Value.GetOffers()) > 0, Action: &ui.Link{Label: "+ Create Offer", Href: ui.Href("offers", "new")},
		},
		{
			Title: "Create a publisher", Text: "Who promotes it: an influencer, an affiliate, a partner.",
			IsDone: len(publishers.Value.GetPublishers()) > 0, Action: &ui.Link{Label: "+ Create Publisher", Href: ui.Href("publishers", "new")},
		},
		{
			Title: "Create a coupon", Text: "A code for the publisher on the offer. Its tracking link is ready at once.",
			IsDone: len(coupons.Value.GetCoupons()) > 0, Action: p.LinkTo("coupons/new", "+ Create Coupon"),
		},
		{Title: "Scan the tracking link", Text: "See what happens to a visitor before the publisher shares it.", Action: &ui.Link{Label: "Scan Tool", Href: ui.Href("tools", "scan")}},
		{Title: "Fire a postback", Text: "The advertiser's shop reports each sale to a URL. Send a first one."},
	}
	if found := coupons.Value.GetCoupons(); len(found) > 0 {
		steps[3].Action = &ui.Link{Label: "Scan " + found[0].GetCode(), Href: ui.ScanHref(found[0].GetTrackingLink())}
		if p.Has("offers/{offer}/postback") {
			steps[4].Action = &ui.Link{Label: "Show the postback URL", Href: ui.Href("offers", ui.IDOf(found[0].GetOffer()), "postback")}
		}
	}
	return onlyNext(steps)
}

// onlyNext leaves the way on with the first step that is not done, and with those that need nothing more.
func onlyNext(steps []step) []step {
	isOpen := false
	for i := range steps {
		if steps[i].IsDone || isOpen && i < 3 {
			steps[i].Action = nil
		}
		isOpen = isOpen || !steps[i].IsDone
	}
	if !steps[2].IsDone {
		steps[3].Action, steps[4].Action = nil, nil
	}
	for i := range steps {
		if steps[i].Action != nil {
			steps[i].Action.IsPrimary = true
			break
		}
	}
	return steps
}
