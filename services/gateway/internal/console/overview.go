package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

const (
	// overviewDays is how far back the Overview looks, today included.
	overviewDays = 30
	// overviewTop is how long its lists of the best are.
	overviewTop = 5
	// expiringDays is how early it speaks of coupons that expire.
	expiringDays = 7
	// overviewPatience is how long the page waits for a block; then it does without it.
	overviewPatience = 4 * time.Second
	// countedConflicts is up to where conflicts are counted.
	countedConflicts = 100
)

func overviewRoutes() []route {
	return []route{get("", showOverview)}
}

// answered is what a call came to. A block whose call failed says so, and the others are shown.
type answered[T any] struct {
	value T
	err   error
}

// ask makes a call beside others.
func ask[T any](all *sync.WaitGroup, into *answered[T], call func() (T, error)) {
	all.Go(func() { into.value, into.err = call() })
}

// overview is all that the Overview's calls have answered.
type overview struct {
	days                            figuresByDay
	byPublisher, byCode, byMethod   answered[*trackingv1.SummarizeConversionsResponse]
	expiring                        answered[*couponv1.ListCouponsResponse]
	dead                            answered[*trackingv1.ReplayDeliveriesResponse]
	conflicts                       answered[*trackingv1.ListConversionsResponse]
	leaked                          answered[*trackingv1.ListLeakedCodesResponse]
	publisherNames, codesOfferNames map[string]string
}

func showOverview(_ http.ResponseWriter, r *http.Request, p *page) error {
	ctx, cancel := context.WithTimeout(r.Context(), overviewPatience)
	defer cancel()
	o := p.askOverview(ctx)
	view := p.overviewOf(o)
	p.Title, p.Section = "Overview", ""
	p.Lead = "The last " + format.Number(overviewDays) + " days, " + view.Span + ", by days of " + p.zone.String() + "."
	if total := o.days.value.GetTotals(); o.days.err == nil && total.GetConversions() == 0 {
		view.Steps = p.firstSteps(ctx)
		if view.IsNew = view.Steps != nil && total.GetClicks() == 0; view.IsNew {
			p.Lead = "Nothing has happened here yet. These steps lead to a first sale."
		}
	}
	return p.show("overview", view)
}

// askOverview asks both services for everything at once.
func (p *page) askOverview(ctx context.Context) *overview {
	o := &overview{days: p.lastDays()}
	reports := trackingv1.NewReportServiceClient(p.tracking)
	conversions := trackingv1.NewConversionServiceClient(p.tracking)
	summary := func(rows int32, order string, by ...trackingv1.SummarizeConversionsRequest_Dimension) (*trackingv1.SummarizeConversionsResponse, error) {
		return reports.SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
			GroupBy: by, StartDate: o.days.from, EndDate: o.days.to, OrderBy: order, MaxRows: rows,
		})
	}
	var all sync.WaitGroup
	ask(&all, &o.days.answered, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return summary(overviewDays, "", trackingv1.SummarizeConversionsRequest_DAY)
	})
	ask(&all, &o.byMethod, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return summary(0, "", trackingv1.SummarizeConversionsRequest_METHOD, trackingv1.SummarizeConversionsRequest_STATUS)
	})
	ask(&all, &o.byPublisher, func() (*trackingv1.SummarizeConversionsResponse, error) {
		found, err := summary(overviewTop+1, "conversions desc, clicks desc", trackingv1.SummarizeConversionsRequest_PUBLISHER)
		o.publisherNames = p.publisherNames(ctx, publishersOf(found))
		return found, err
	})
	ask(&all, &o.byCode, func() (*trackingv1.SummarizeConversionsResponse, error) {
		found, err := summary(2*overviewTop, "conversions desc, clicks desc", trackingv1.SummarizeConversionsRequest_OFFER,
			trackingv1.SummarizeConversionsRequest_PUBLISHER, trackingv1.SummarizeConversionsRequest_COUPON_CODE)
		o.codesOfferNames = p.offerNames(ctx, offersOf(found))
		return found, err
	})
	ask(&all, &o.expiring, func() (*couponv1.ListCouponsResponse, error) {
		return couponv1.NewCouponServiceClient(p.coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: "offers/-", PageSize: countedConflicts, OrderBy: "expire_time",
			Filter: "state = ACTIVE AND expire_time < " + quoted(p.now().AddDate(0, 0, expiringDays).UTC().Format(time.RFC3339)),
		})
	})
	ask(&all, &o.dead, func() (*trackingv1.ReplayDeliveriesResponse, error) {
		// Counts, and replays nothing.
		return trackingv1.NewDeliveryServiceClient(p.tracking).ReplayDeliveries(ctx, &trackingv1.ReplayDeliveriesRequest{Filter: "state = DEAD", ValidateOnly: true})
	})
	ask(&all, &o.conflicts, func() (*trackingv1.ListConversionsResponse, error) {
		return conversions.ListConversions(ctx, &trackingv1.ListConversionsRequest{PageSize: countedConflicts, Filter: "conflicted = true"})
	})
	ask(&all, &o.leaked, func() (*trackingv1.ListLeakedCodesResponse, error) {
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
	Action *link
}

// firstSteps leads through a new installation, up to the first sale; none where sales were made before.
func (p *page) firstSteps(ctx context.Context) []step {
	var offers answered[*couponv1.ListOffersResponse]
	var publishers answered[*couponv1.ListPublishersResponse]
	var coupons answered[*couponv1.ListCouponsResponse]
	var ever answered[*trackingv1.SummarizeConversionsResponse]
	var all sync.WaitGroup
	ask(&all, &offers, func() (*couponv1.ListOffersResponse, error) {
		return p.offers.ListOffers(ctx, &couponv1.ListOffersRequest{PageSize: 1})
	})
	ask(&all, &publishers, func() (*couponv1.ListPublishersResponse, error) {
		return p.publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{PageSize: 1})
	})
	ask(&all, &coupons, func() (*couponv1.ListCouponsResponse, error) {
		return couponv1.NewCouponServiceClient(p.coupon).ListCoupons(ctx, &couponv1.ListCouponsRequest{Parent: "offers/-", PageSize: 1})
	})
	ask(&all, &ever, func() (*trackingv1.SummarizeConversionsResponse, error) {
		return trackingv1.NewReportServiceClient(p.tracking).SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{})
	})
	all.Wait()
	if offers.err != nil || publishers.err != nil || coupons.err != nil || ever.err != nil || ever.value.GetTotals().GetConversions() > 0 {
		return nil
	}
	steps := []step{
		{
			Title: "Create an offer", Text: "What an advertiser pays for: a landing page, and what a sale earns.",
			IsDone: len(offers.value.GetOffers()) > 0, Action: &link{Label: "+ Create Offer", Href: at("offers", "new")},
		},
		{
			Title: "Create a publisher", Text: "Who promotes it: an influencer, an affiliate, a partner.",
			IsDone: len(publishers.value.GetPublishers()) > 0, Action: &link{Label: "+ Create Publisher", Href: at("publishers", "new")},
		},
		{
			Title: "Create a coupon", Text: "A code for the publisher on the offer. Its tracking link is ready at once.",
			IsDone: len(coupons.value.GetCoupons()) > 0, Action: p.linkTo("coupons/new", "+ Create Coupon"),
		},
		{Title: "Scan the tracking link", Text: "See what becomes of a visitor before the publisher shares it.", Action: &link{Label: "Scan Tool", Href: at("tools", "scan")}},
		{Title: "Fire a postback", Text: "The advertiser's shop reports each sale to a URL. Send a first one."},
	}
	if found := coupons.value.GetCoupons(); len(found) > 0 {
		steps[3].Action = &link{Label: "Scan " + found[0].GetCode(), Href: scanHref(found[0].GetTrackingLink())}
		if p.has("offers/{offer}/postback") {
			steps[4].Action = &link{Label: "Show the postback URL", Href: at("offers", idOf(found[0].GetOffer()), "postback")}
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

// linkTo returns a link to a page without wildcards, or none where there is no such page.
func (p *page) linkTo(path, label string) *link {
	if !p.has(path) {
		return nil
	}
	return &link{Label: label, Href: Root + path}
}
