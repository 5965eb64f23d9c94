package logs

import (
	"encoding/json"
	"net/http"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func deliveryRoutes() []ui.Route {
	return append(
		deliveryLog().routes(),
		ui.Get("reports/deliveries/{delivery}", showDelivery),
		ui.Post("reports/deliveries/{delivery}/replay", replayDelivery),
	)
}

func deliveryLog() log {
	return log{
		path: "deliveries", title: "Deliveries", lead: "The calls that tell publishers of their conversions, each tried for three days.",
		names: deliveryNames(), filter: deliveryFilter, rows: deliveryRows,
		noneYet: ui.Empty{
			Title: "No deliveries yet", Text: "A publisher with a postback URL is told of each of its conversions. Set one on the publisher's page.",
			Action: &ui.Link{Label: "To the publishers", Href: ui.Href("publishers")},
		},
		noMatch: ui.Empty{
			Title: "No delivery matches", Text: "Remove some of the filters. A publisher without a postback URL is told nothing.",
			Action: &ui.Link{Label: "Show all deliveries", Href: ui.Href("reports", "deliveries")},
		},
		replayLabel: "Send all of these again", question: deliveryQuestion, replay: replayDeliveries,
		allTitle: "This would be all deliveries", allText: "Choose first which deliveries are sent again: by state, publisher or offer.",
	}
}

func deliveryRows(p *ui.Page, l ui.List, filter string) (*rows, error) {
	resp, err := p.Deliveries().ListDeliveries(p.Request.Context(), &trackingv1.ListDeliveriesRequest{Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken()})
	if err != nil {
		return nil, err
	}
	offers, publishers := []string{l.Get("offer")}, []string{l.Get("publisher")}
	for _, one := range resp.GetDeliveries() {
		offers, publishers = append(offers, one.GetOffer()), append(publishers, one.GetPublisher())
	}
	called := p.NamesOf(p.Request.Context(), offers, publishers)
	return &rows{deliveryFilters(l, called), deliveryTable(p, l, resp, called)}, nil
}

func deliveryNames() []string { return []string{"state", "publisher", "offer", "conversion"} }

func deliveryFilter(l ui.List) string {
	state := ""
	if _, known := trackingv1.Delivery_State_value[l.Get("state")]; known {
		state = "state = " + l.Get("state")
	}
	return ui.And(state, l.Equals("publisher", "publisher"), l.Equals("offer", "offer"), l.Equals("conversion", "conversion"))
}

// deliveryQuestion counts what a replay of all that match would send again.
func deliveryQuestion(p *ui.Page, l ui.List, filter string) (*ui.BulkReplay, error) {
	resp, err := p.Deliveries().ReplayDeliveries(p.Request.Context(), &trackingv1.ReplayDeliveriesRequest{Filter: filter, ValidateOnly: true})
	if err != nil {
		return nil, err
	}
	n := resp.GetReplayedCount()
	bulk := &ui.BulkReplay{
		Title: "Send " + format.Number(n) + " " + format.Plural(n, "delivery", "deliveries") + " again?", Cancel: l.With("replay", ""),
		Text: "All that match, on all pages, become due immediately, delivered or not, and are tried for three days. Publishers recognize a repeat by its id.",
	}
	if n == 0 {
		bulk.Title, bulk.Text = "Nothing to send again", "No delivery matches any more."
		return bulk, nil
	}
	bulk.Action, bulk.Save, bulk.Fields = ui.Href("reports", "deliveries", "replay"), "Send "+format.Number(n)+" again", l.Filters(deliveryNames())
	return bulk, nil
}

func replayDeliveries(p *ui.Page, l ui.List, filter string) error {
	resp, err := p.Deliveries().ReplayDeliveries(p.Request.Context(), &trackingv1.ReplayDeliveriesRequest{Filter: filter})
	if err != nil {
		return err
	}
	n := resp.GetReplayedCount()
	l.Values.Del("state") // they are due now, whatever they were
	return p.Done(l.Href(l.Copy()), ui.Toast{Text: format.Number(n) + " " + format.Plural(n, "delivery is", "deliveries are") + " due now."})
}

func deliveryFilters(l ui.List, called ui.Names) []ui.Field {
	publisher := ui.Field{Name: "publisher", Label: "Publisher", Kind: "picker", Pick: ui.Href("pick", "publishers"), Value: l.Get("publisher"), Placeholder: "Name or id"}
	if publisher.Value != "" {
		publisher.PickLabel = called.Of(resource.Publisher(publisher.Value))
	}
	return []ui.Field{
		{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []ui.Choice{{Value: "", Label: "All states"}, {Value: "DUE", Label: "Waiting"}, {Value: "DELIVERED", Label: "Delivered"}, {Value: "DEAD", Label: "Given up"}},
		},
		publisher, ui.OfferFilter(l, called),
	}
}

func deliveryTable(p *ui.Page, l ui.List, resp *trackingv1.ListDeliveriesResponse, called ui.Names) ui.Table {
	t := ui.Table{
		ID: "deliveries-table", Caption: "Deliveries", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{l.Column("Time", "create_time"), {Label: "State"}, {Label: "Publisher"}, {Label: "Offer"}, {Label: "Tells"}, {Label: "Tries", IsNumber: true}, {Label: "Next try"}},
	}
	for _, one := range resp.GetDeliveries() {
		moment := p.Moment(one.GetCreateTime())
		moment.Lead(ui.Href("reports", "deliveries", ui.IDOf(one.GetName())))
		t.Rows = append(t.Rows, ui.Row{Key: ui.IDOf(one.GetName()), Cells: []ui.Cell{
			moment,
			{Badge: ui.DeliveryBadge(one.GetState())},
			{Text: called.Of(one.GetPublisher())},
			{Text: called.Of(one.GetOffer())},
			{Text: tells(one)},
			{Text: format.Number(int64(one.GetAttemptCount()))},
			p.Moment(one.GetDueTime()),
		}})
	}
	return t
}

// deliveryView is the page of one delivery.
type deliveryView struct {
	State        *ui.Badge
	Facts        []ui.Fact
	Attempts     ui.Table
	Payload      string
	Conversion   string
	Publisher    string
	ReplayAction string
}

func showDelivery(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	id := r.PathValue("delivery")
	one, err := p.Deliveries().GetDelivery(r.Context(), &trackingv1.GetDeliveryRequest{Name: resource.Deliveries + id})
	if err != nil {
		return err
	}
	called := p.NamesOf(r.Context(), []string{one.GetOffer()}, []string{one.GetPublisher()})
	view := deliveryView{
		State: ui.DeliveryBadge(one.GetState()), Attempts: attemptTable(p, one), Payload: indented(one.GetPayload()),
		Conversion: ui.Href("reports", "conversions", ui.IDOf(one.GetConversion())), Publisher: ui.Href("publishers", ui.IDOf(one.GetPublisher())),
		ReplayAction: ui.Href("reports", "deliveries", id, "replay"),
	}
	change, sequence := "", ""
	if one.GetChange() > 0 {
		change = format.Number(int64(one.GetChange()))
	}
	if one.GetSequence() > 0 {
		sequence = format.Number(int64(one.GetSequence()))
	}
	for _, f := range []ui.Fact{
		{Label: "Publisher", Value: called.Of(one.GetPublisher()), Href: ui.HrefOf(one.GetPublisher())},
		{Label: "Offer", Value: called.Of(one.GetOffer()), Href: ui.HrefOf(one.GetOffer())},
		{Label: "Tells", Value: tells(one)},
		{Label: "Type", Value: one.GetType(), IsCode: true},
		{Label: "Sequence", Value: sequence, Hint: "Counts what happened to the conversion."},
		{Label: "Change", Value: change},
		{Label: "Due first", Value: p.Moment(one.GetCreateTime()).Text},
		{Label: "Next try", Value: p.Moment(one.GetDueTime()).Text},
		{Label: "Done", Value: p.Moment(one.GetFinishTime()).Text},
		{Label: "Tries", Value: format.Number(int64(one.GetAttemptCount()))},
		{Label: "Delivery id", Value: id, IsCode: true, Hint: "Sent as webhook-id with each try."},
	} {
		if f.Value != "" {
			view.Facts = append(view.Facts, f)
		}
	}
	p.Title, p.Section = "Delivery to "+called.Of(one.GetPublisher()), "reports/deliveries"
	p.Crumbs = []ui.Link{{Label: "Deliveries", Href: ui.Href("reports", "deliveries")}}
	return p.Show("delivery", view)
}

// tells says what happened, if the delivery does, and the status since: Refunded, approved.
func tells(one *trackingv1.Delivery) string {
	status := format.EnumWords(one.GetStatus())
	happened := format.Words(strings.TrimPrefix(one.GetType(), "conversion."))
	if one.GetSequence() == 0 || happened == status {
		return status
	}
	return happened + ", " + strings.ToLower(status)
}

func attemptTable(p *ui.Page, one *trackingv1.Delivery) ui.Table {
	t := ui.Table{
		ID: "attempts-table", Caption: "Tries of this delivery", Columns: []ui.Column{{Label: "Time"}, {Label: "Answer"}, {Label: "Took", IsNumber: true}, {Label: "What went wrong"}},
		Empty: ui.Empty{Title: "Not tried yet", Text: "The first try comes within seconds."},
	}
	for _, try := range one.GetAttempts() {
		answer := ui.Cell{Badge: &ui.Badge{Text: "No answer", Tone: "bad"}}
		if code := try.GetHttpStatus(); code != 0 {
			tone := "bad"
			if code >= 200 && code < 300 {
				tone = "good"
			}
			answer = ui.Cell{Badge: &ui.Badge{Text: "HTTP " + format.Number(int64(code)), Tone: tone}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{p.Moment(try.GetAttemptTime()), answer, {Text: format.Latency(try.GetLatency().AsDuration())}, {Text: try.GetError()}}})
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

func replayDelivery(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	id := r.PathValue("delivery")
	if _, err := p.Deliveries().ReplayDelivery(r.Context(), &trackingv1.ReplayDeliveryRequest{Name: resource.Deliveries + id}); err != nil {
		return err
	}
	return p.Done(ui.Href("reports", "deliveries", id), ui.Toast{Text: "The delivery is due now. Reload the page to see the next try."})
}
