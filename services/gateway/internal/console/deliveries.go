package console

import (
	"encoding/json"
	"net/http"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

func deliveryRoutes() []route {
	return []route{
		get("reports/deliveries", listDeliveries),
		post("reports/deliveries/replay", replayDeliveries),
		get("reports/deliveries/{delivery}", showDelivery),
		post("reports/deliveries/{delivery}/replay", replayDelivery),
	}
}

func (p *page) deliveries() trackingv1.DeliveryServiceClient {
	return trackingv1.NewDeliveryServiceClient(p.tracking)
}

// bulkReplay is what would be done with all that match, before it is done.
type bulkReplay struct {
	Title, Text string
	// Action and Fields are the form that does it; none: there is nothing to do.
	Action string
	Fields map[string]string
	Save   string
	Cancel string
}

func deliveryNames() []string { return []string{"state", "publisher", "offer", "conversion"} }

func deliveryFilter(l list) string {
	state := ""
	if _, known := trackingv1.Delivery_State_value[l.Get("state")]; known {
		state = "state = " + l.Get("state")
	}
	return and(state, l.equals("publisher", "publisher"), l.equals("offer", "offer"), l.equals("conversion", "conversion"))
}

func listDeliveries(_ http.ResponseWriter, r *http.Request, p *page) error {
	l := p.listOf("-create_time")
	filter := deliveryFilter(l)
	resp, err := p.deliveries().ListDeliveries(r.Context(), &trackingv1.ListDeliveriesRequest{Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken()})
	if err != nil {
		return err
	}
	offers, publishers := []string{l.Get("offer")}, []string{l.Get("publisher")}
	for _, one := range resp.GetDeliveries() {
		offers, publishers = append(offers, one.GetOffer()), append(publishers, one.GetPublisher())
	}
	called := p.namesOf(r.Context(), offers, publishers)
	view := logView{Action: l.path, Filters: deliveryFilters(l, called), Kept: l.keptBut("state", "publisher", "offer", "replay"), Table: p.deliveryTable(l, resp, called)}
	if l.isFiltered(deliveryNames()...) {
		view.ClearHref = l.path
	}
	p.Title, p.Section = "Deliveries", "reports/deliveries"
	p.Lead = "The calls by which publishers are told of their conversions, each tried for three days."
	switch {
	case filter == "" || len(resp.GetDeliveries()) == 0:
	case l.Get("replay") == "":
		p.Actions = []link{{Label: "Send all of these again", Href: l.with("replay", "all") + "#replay"}}
	default:
		if view.Bulk, err = p.bulkOf(l, filter); err != nil {
			return err
		}
	}
	return p.show("log", view)
}

// bulkOf counts what a replay of all that match would send again.
func (p *page) bulkOf(l list, filter string) (*bulkReplay, error) {
	resp, err := p.deliveries().ReplayDeliveries(p.r.Context(), &trackingv1.ReplayDeliveriesRequest{Filter: filter, ValidateOnly: true})
	if err != nil {
		return nil, err
	}
	n := resp.GetReplayedCount()
	bulk := &bulkReplay{
		Title: "Send " + format.Number(n) + " " + plural(n, "delivery", "deliveries") + " again?", Cancel: l.with("replay", ""),
		Text: "All that match, on all pages, are due at once, whether they were delivered or given up, and are tried for three days. Publishers tell a repeat by its id.",
	}
	if n == 0 {
		bulk.Title, bulk.Text = "Nothing to send again", "No delivery matches any more."
		return bulk, nil
	}
	bulk.Action, bulk.Save, bulk.Fields = at("reports", "deliveries", "replay"), "Send "+format.Number(n)+" again", l.filters(deliveryNames())
	return bulk, nil
}

func replayDeliveries(_ http.ResponseWriter, r *http.Request, p *page) error {
	l := p.filteredBy(at("reports", "deliveries"), deliveryNames())
	filter := deliveryFilter(l)
	if filter == "" {
		return p.refuse(http.StatusBadRequest, "This would be all deliveries", "Choose first which deliveries are sent again: by state, publisher or offer.")
	}
	resp, err := p.deliveries().ReplayDeliveries(r.Context(), &trackingv1.ReplayDeliveriesRequest{Filter: filter})
	if err != nil {
		return err
	}
	n := resp.GetReplayedCount()
	l.values.Del("state") // they are due now, whatever they were
	return p.done(l.href(l.copy()), toast{Text: format.Number(n) + " " + plural(n, "delivery is", "deliveries are") + " due now."})
}

func deliveryFilters(l list, called names) []field {
	publisher := field{Name: "publisher", Label: "Publisher", Kind: "picker", Pick: at("pick", "publishers"), Value: l.Get("publisher"), Placeholder: "Name or id"}
	if publisher.Value != "" {
		publisher.PickLabel = called.of("publishers/" + publisher.Value)
	}
	return []field{
		{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []choice{{"", "All states"}, {"DUE", "Waiting"}, {"DELIVERED", "Delivered"}, {"DEAD", "Given up"}},
		},
		publisher, offerFilter(l, called),
	}
}

func (p *page) deliveryTable(l list, resp *trackingv1.ListDeliveriesResponse, called names) table {
	t := table{
		ID: "deliveries-table", Caption: "Deliveries", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{l.column("Time", "create_time"), {Label: "State"}, {Label: "Publisher"}, {Label: "Offer"}, {Label: "Tells"}, {Label: "Tries", IsNumber: true}, {Label: "Next try"}},
		Empty: empty{
			Title: "No deliveries yet", Text: "A publisher with a postback URL is told of each of its conversions. Give one to a publisher, on its page.",
			Action: &link{Label: "To the publishers", Href: at("publishers")},
		},
	}
	if l.isFiltered(append(deliveryNames(), "page")...) {
		t.Empty = empty{Title: "No delivery matches", Text: "Take away some of the filters. A publisher without a postback URL is told nothing.", Action: &link{Label: "Show all deliveries", Href: l.path}}
	}
	for _, one := range resp.GetDeliveries() {
		moment := p.moment(one.GetCreateTime())
		moment.lead(at("reports", "deliveries", idOf(one.GetName())))
		t.Rows = append(t.Rows, row{Key: idOf(one.GetName()), Cells: []cell{
			moment,
			{Badge: deliveryBadge(one.GetState())},
			{Text: called.of(one.GetPublisher())},
			{Text: called.of(one.GetOffer())},
			{Text: enumWords(one.GetStatus())},
			{Text: format.Number(int64(one.GetAttemptCount()))},
			p.moment(one.GetDueTime()),
		}})
	}
	return t
}

// deliveryView is the page of one delivery.
type deliveryView struct {
	State        *badge
	Facts        []fact
	Attempts     table
	Payload      string
	Conversion   string
	Publisher    string
	ReplayAction string
}

func showDelivery(_ http.ResponseWriter, r *http.Request, p *page) error {
	id := r.PathValue("delivery")
	one, err := p.deliveries().GetDelivery(r.Context(), &trackingv1.GetDeliveryRequest{Name: "deliveries/" + id})
	if err != nil {
		return err
	}
	called := p.namesOf(r.Context(), []string{one.GetOffer()}, []string{one.GetPublisher()})
	view := deliveryView{
		State: deliveryBadge(one.GetState()), Attempts: p.attemptTable(one), Payload: indented(one.GetPayload()),
		Conversion: at("reports", "conversions", idOf(one.GetConversion())), Publisher: at("publishers", idOf(one.GetPublisher())),
		ReplayAction: at("reports", "deliveries", id, "replay"),
	}
	tells := enumWords(one.GetStatus())
	if one.GetChange() > 0 {
		tells += ", change " + format.Number(int64(one.GetChange()))
	}
	for _, f := range []fact{
		{Label: "Publisher", Value: called.of(one.GetPublisher()), Href: hrefOf(one.GetPublisher())},
		{Label: "Offer", Value: called.of(one.GetOffer()), Href: hrefOf(one.GetOffer())},
		{Label: "Tells", Value: tells},
		{Label: "Due first", Value: p.moment(one.GetCreateTime()).Text},
		{Label: "Next try", Value: p.moment(one.GetDueTime()).Text},
		{Label: "Done", Value: p.moment(one.GetFinishTime()).Text},
		{Label: "Tries", Value: format.Number(int64(one.GetAttemptCount()))},
		{Label: "Delivery id", Value: id, IsCode: true, Hint: "Sent as webhook-id with each try."},
	} {
		if f.Value != "" {
			view.Facts = append(view.Facts, f)
		}
	}
	p.Title, p.Section = "Delivery to "+called.of(one.GetPublisher()), "reports/deliveries"
	p.Crumbs = []link{{Label: "Deliveries", Href: at("reports", "deliveries")}}
	return p.show("delivery", view)
}

func (p *page) attemptTable(one *trackingv1.Delivery) table {
	t := table{
		ID: "attempts-table", Caption: "Tries of this delivery", Columns: []column{{Label: "Time"}, {Label: "Answer"}, {Label: "Took", IsNumber: true}, {Label: "What went wrong"}},
		Empty: empty{Title: "Not tried yet", Text: "The first try comes within seconds."},
	}
	for _, try := range one.GetAttempts() {
		answer := cell{Badge: &badge{"No answer", "bad"}}
		if code := try.GetHttpStatus(); code != 0 {
			tone := "bad"
			if code >= 200 && code < 300 {
				tone = "good"
			}
			answer = cell{Badge: &badge{"HTTP " + format.Number(int64(code)), tone}}
		}
		t.Rows = append(t.Rows, row{Cells: []cell{p.moment(try.GetAttemptTime()), answer, {Text: format.Latency(try.GetLatency().AsDuration())}, {Text: try.GetError()}}})
	}
	return t
}

// indented writes JSON in lines; what is none stays as it is.
func indented(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if !json.Valid([]byte(text)) || encoder.Encode(json.RawMessage(text)) != nil {
		return text
	}
	return strings.TrimSpace(b.String())
}

func replayDelivery(_ http.ResponseWriter, r *http.Request, p *page) error {
	id := r.PathValue("delivery")
	if _, err := p.deliveries().ReplayDelivery(r.Context(), &trackingv1.ReplayDeliveryRequest{Name: "deliveries/" + id}); err != nil {
		return err
	}
	return p.done(at("reports", "deliveries", id), toast{Text: "The delivery is due now. Reload the page to see the next try."})
}
