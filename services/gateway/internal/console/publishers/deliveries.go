package publishers

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// latestDeliveries is how many deliveries a publisher's page shows.
const latestDeliveries = 5

// publisherDeliveriesView is how a publisher is told of its conversions.
type publisherDeliveriesView struct {
	Form      ui.Form
	ID        string
	HasURL    bool
	Macros    []macroHelp
	Secret    []ui.Fact
	Overlap   ui.Field
	Test      *testedDelivery
	Latest    []latestDelivery
	IsSilent  bool
	AllLatest *ui.Link
}

// testedDelivery is what a publisher's system answered to a test.
type testedDelivery struct {
	Tone, Title, Text string
	URL, Body         string
}

type latestDelivery struct {
	Time     time.Time
	Href     string
	Status   *ui.Badge
	State    *ui.Badge
	Attempts int32
}

// macroHelp is a macro of postback URLs and what it becomes.
type macroHelp struct{ Name, Text string }

// deliveryMacros are the macros, the most needed first.
func deliveryMacros() []macroHelp {
	return []macroHelp{
		{"pub_click_id", "The publisher's own click id, from the tracking link."},
		{"payout", "What the publisher earns, such as 12.50."},
		{"payout_currency", "Its currency, such as USD."},
		{"status", "PENDING, APPROVED or REJECTED."},
		{"coupon_code", "The coupon code."},
		{"conversion_id", "Our id of the conversion."},
		{"transaction_id", "The shop's order id."},
		{"offer_id", "The offer's id."},
		{"pub_id", "The publisher's id."},
		{"event", "What the shopper did, usually sale."},
		{"method", "What the credit is based on: COUPON_CODE, COUPON_LINK, CLICK or MANUAL."},
		{"amount", "The amount of the sale."},
		{"refunded_amount", "The refunded part of the amount."},
		{"currency", "The currency of both."},
		{"click_id", "Our id of the click."},
		{"pub_sub_id", "The publisher's sub-source, from the tracking link."},
		{"pub_unique1", "Pub. Unique 1, from the tracking link."},
		{"pub_unique2", "Pub. Unique 2, from the tracking link."},
		{"pub_unique3", "Pub. Unique 3: the coupon code, if a coupon earned the sale."},
		{"pub_unique4", "Pub. Unique 4, from the tracking link."},
		{"pub_unique5", "Pub. Unique 5, from the tracking link."},
		{"conversion_time", "When it happened, such as 2026-11-22T14:05:00Z."},
		{"conversion_time_unix", "The same in seconds since 1970."},
		{"delivery_id", "The same for each try of a delivery: it identifies repeats."},
		{"type", "What happened, such as conversion.refunded; with payload 1 the status, such as conversion.approved."},
		{"sequence", "Its number, from 1 for each conversion: the highest is the latest. Empty with payload 1."},
	}
}

func publisherDeliveries(p *ui.Page) publisherForm {
	return publisherForm{
		id: "deliveries-form", href: ui.Href("publishers", p.Request.PathValue("publisher"), "deliveries"), schema: deliveriesSchema(),
		show: func(p *ui.Page, status int, o *publisher, f ui.Form) error {
			return showDeliveries(p, status, o, f, nil)
		},
	}
}

func deliveriesSchema() ui.Schema[publisher] {
	return ui.Schema[publisher]{
		{Title: "Where to", Properties: []property{
			postbackURL(),
			ui.Select(ui.Field{
				Name: "method", Label: "Sent by",
				Choices: []ui.Choice{{Value: "GET", Label: "GET: all is in the URL"}, {Value: "POST", Label: "POST: the conversion as JSON in the body"}},
			}, func(o *publisher) *couponv1.DeliverySettings_Method { return &settingsOf(o).Method }).In("delivery"),
			ui.Select(ui.Field{
				Name: "payload_version", Label: "Payload",
				Choices: []ui.Choice{{Value: "V2", Label: "2: everything that happens, numbered"}, {Value: "V1", Label: "1: changes of status and payout"}},
				Hint:    "Make sure that the publisher expects the other version before you change it: types and amounts in the JSON differ.",
			}, func(o *publisher) *couponv1.DeliverySettings_PayloadVersion { return &settingsOf(o).PayloadVersion }).In("delivery"),
		}},
		{Title: "When", Text: "The publisher is told each time something happens to one of its conversions that then has one of these statuses. With payload 1, only if the status or the payout changed.", Properties: []property{
			statuses(),
			ui.Checkbox(ui.Field{
				Name: "only_with_click", Label: "Only conversions with a click",
				Hint: "For tracking systems that cannot use a sale without a click.",
			}, func(o *publisher) bool { return o.GetDelivery().GetOnlyWithClick() }, func(o *publisher, is bool) { settingsOf(o).OnlyWithClick = is }).In("delivery"),
		}},
	}
}

// settingsOf returns a publisher's delivery settings, which it then has.
func settingsOf(o *publisher) *couponv1.DeliverySettings {
	if o.Delivery == nil {
		o.Delivery = &couponv1.DeliverySettings{}
	}
	return o.Delivery
}

// statuses are the statuses that a publisher is told of, a checkbox each. None stored means all.
func statuses() property {
	all := []ui.Choice{{Value: "PENDING", Label: "Pending: it waits for approval"}, {Value: "APPROVED", Label: "Approved: it is paid for"}, {Value: "REJECTED", Label: "Rejected: it is not paid for"}}
	return property{
		Path: "delivery",
		Fields: func(values url.Values) []ui.Field {
			var fields []ui.Field
			for _, status := range all {
				fields = append(fields, ui.Field{Name: "status_" + status.Value, Label: status.Label, Kind: "checkbox", Value: values.Get("status_" + status.Value)})
			}
			return fields
		},
		Get: func(o *publisher, values url.Values) {
			chosen := o.GetDelivery().GetStatuses()
			for _, status := range all {
				number := couponv1.DeliverySettings_Status(couponv1.DeliverySettings_Status_value[status.Value])
				if len(chosen) == 0 || slices.Contains(chosen, number) {
					values.Set("status_"+status.Value, "on")
				}
			}
		},
		Set: func(values url.Values, o *publisher, errs ui.Errors) {
			settings := settingsOf(o)
			for _, status := range all {
				if values.Get("status_"+status.Value) != "" {
					settings.Statuses = append(settings.Statuses, couponv1.DeliverySettings_Status(couponv1.DeliverySettings_Status_value[status.Value]))
				}
			}
			if len(settings.GetStatuses()) == 0 {
				errs.Add("status_PENDING", "Choose one at least. To tell the publisher nothing, leave the postback URL empty.")
			}
		},
	}
}

func showPublisherDeliveries(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherDeliveries(p).open(p)
}

func savePublisherDeliveries(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherDeliveries(p).save(p)
}

func showDeliveries(p *ui.Page, status int, o *couponv1.Publisher, f ui.Form, test *testedDelivery) error {
	id := ui.IDOf(o.GetName())
	view := publisherDeliveriesView{
		Form: f, ID: id, HasURL: o.GetPostbackUrl() != "", Macros: deliveryMacros(), Secret: secretFacts(p, o), Test: test,
		Overlap: ui.Field{
			Name: "overlap", Label: "The old secret stays valid for", Kind: "select", Value: "24h",
			Choices: []ui.Choice{{Value: "0s", Label: "No time: it ends immediately"}, {Value: "24h", Label: "24 hours"}, {Value: "168h", Label: "7 days"}, {Value: "720h", Label: "30 days"}},
		},
		AllLatest: p.LinkWith("reports/deliveries", "All deliveries of this publisher", url.Values{"publisher": {id}}),
	}
	if p.Fragment() == "" {
		addLatest(p, &view, o.GetName())
	}
	publisherPage(p, o, "publishers/{publisher}/deliveries")
	return p.ShowAs(status, "publisher-deliveries", view)
}

func addLatest(p *ui.Page, view *publisherDeliveriesView, publisher string) {
	resp, err := trackingv1.NewDeliveryServiceClient(p.Tracking).ListDeliveries(p.Request.Context(), &trackingv1.ListDeliveriesRequest{
		PageSize: latestDeliveries, Filter: "publisher = " + ui.Quoted(publisher),
	})
	view.IsSilent = err != nil
	for _, d := range resp.GetDeliveries() {
		one := latestDelivery{
			Time: d.GetCreateTime().AsTime(), Status: ui.StateBadge(d.GetStatus().String()), State: ui.DeliveryBadge(d.GetState()), Attempts: d.GetAttemptCount(),
		}
		if p.Has("reports/deliveries/{delivery}") {
			one.Href = ui.Href("reports", "deliveries", ui.IDOf(d.GetName()))
		}
		view.Latest = append(view.Latest, one)
	}
}

func secretFacts(p *ui.Page, o *couponv1.Publisher) []ui.Fact {
	facts := []ui.Fact{{Label: "Signing secret", Value: o.GetDeliverySecret(), IsCode: true, Hint: "Give it to the publisher, and to nobody else."}}
	if until := o.GetPreviousDeliverySecretExpireTime(); until != nil && until.AsTime().After(p.Now()) {
		facts = append(facts, ui.Fact{Label: "Previous secret", Value: "Valid until " + format.DateTime(until.AsTime(), p.Zone) + "."})
	}
	return facts
}

// rotateDeliverySecret replaces the secret that signs deliveries.
func rotateDeliverySecret(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	overlap, err := time.ParseDuration(r.PostFormValue("overlap"))
	if err != nil {
		return p.Refuse(http.StatusBadRequest, "This cannot be done", "Choose how long the old secret stays valid.")
	}
	_, err = p.Publishers.RotateDeliverySecret(r.Context(), &couponv1.RotateDeliverySecretRequest{
		Name: resource.Publisher(r.PathValue("publisher")), Overlap: durationpb.New(overlap),
	})
	if err != nil {
		return err
	}
	return p.Done(ui.Href("publishers", r.PathValue("publisher"), "deliveries"), ui.Toast{Text: "There is a new signing secret. Give it to the publisher."})
}

// testPublisherDelivery sends a made-up conversion to the publisher's system and shows what it answered.
func testPublisherDelivery(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	stored, err := readPublisher(p)
	if err != nil {
		return err
	}
	answer, err := trackingv1.NewDeliveryServiceClient(p.Tracking).TestDelivery(r.Context(), &trackingv1.TestDeliveryRequest{Publisher: stored.GetName()})
	test := testedOf(answer)
	if err != nil {
		errs, isRefused := p.ErrorsOf(err)
		if !isRefused {
			return err
		}
		test = &testedDelivery{Tone: "bad", Title: "Nothing was sent", Text: errs[""]}
	}
	pf := publisherDeliveries(p)
	return showDeliveries(p, http.StatusOK, stored, pf.stored(stored), test)
}

func testedOf(answer *trackingv1.TestDeliveryResponse) *testedDelivery {
	attempt := answer.GetAttempt()
	took := format.Latency(attempt.GetLatency().AsDuration())
	test := &testedDelivery{URL: answer.GetUrl(), Body: answer.GetResponseBody()}
	code := format.Number(int64(attempt.GetHttpStatus()))
	switch {
	case attempt.GetHttpStatus() == 0:
		test.Tone, test.Title, test.Text = "bad", "No answer", format.Sentence(attempt.GetError())
	case attempt.GetHttpStatus() >= 200 && attempt.GetHttpStatus() < 300:
		test.Tone, test.Title, test.Text = "good", "It works", "The publisher's system answered "+code+" after "+took+"."
	default:
		test.Tone, test.Title, test.Text = "bad", "It was not accepted", "The publisher's system answered "+code+" after "+took+". Deliveries count as done with 200 to 299 only."
	}
	return test
}
