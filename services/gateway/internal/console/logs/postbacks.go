package logs

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func postbackRoutes() []ui.Route {
	return append(
		postbackLog().routes(),
		ui.Get("reports/postbacks/{postback}", showJournal),
		ui.Post("reports/postbacks/{postback}/replay", replayPostback),
	)
}

func postbackLog() log {
	return log{
		path: "postbacks", title: "Postback Log", lead: "Every call by an advertiser, with its outcome. Kept for 90 days.",
		names: postbackNames(), filter: postbackFilter, rows: postbackRows,
		noneYet: ui.Empty{
			Title: "No postbacks yet", Text: "An advertiser calls the address on its offer's Postback tab for each sale. Each call is then listed here with its outcome.",
			Action: &ui.Link{Label: "To the offers", Href: ui.Href("offers")},
		},
		noMatch: ui.Empty{
			Title: "No postback matches", Text: "Remove some of the filters. Postbacks are kept for 90 days.",
			Action: &ui.Link{Label: "Show all postbacks", Href: ui.Href("reports", "postbacks")},
		},
		replayLabel: "Replay all of these", question: postbackQuestion, replay: replayPostbacks,
		allTitle: "This would be all postbacks", allText: "Choose first which postbacks are replayed: by outcome, offer, coupon code or reason.",
	}
}

func postbackRows(p *ui.Page, l ui.List, filter string) (*rows, error) {
	resp, err := p.Postbacks().ListPostbacks(p.Request.Context(), &trackingv1.ListPostbacksRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return nil, err
	}
	offers := []string{l.Get("offer")}
	for _, one := range resp.GetPostbacks() {
		offers = append(offers, one.GetOffer())
	}
	called := p.NamesOf(p.Request.Context(), offers, nil)
	return &rows{postbackFilters(l, called), postbackTable(p, l, resp, called)}, nil
}

func postbackNames() []string {
	return []string{"offer", "outcome", "code", "transaction", "reason", "conversion"}
}

func postbackFilter(l ui.List) string {
	outcome := l.Get("outcome")
	if _, known := trackingv1.Postback_Outcome_value[outcome]; known {
		outcome = "outcome = " + outcome
	} else {
		outcome = ""
	}
	return ui.And(
		l.Equals("offer", "offer"), outcome, l.Equals("coupon_code", "code"), l.Equals("transaction_id", "transaction"),
		l.Equals("reason", "reason"), l.Equals("conversion", "conversion"),
	)
}

func postbackFilters(l ui.List, called ui.Names) []ui.Field {
	return []ui.Field{
		{
			Name: "outcome", Label: "Outcome", Kind: "select", Value: l.Get("outcome"),
			Choices: []ui.Choice{{Value: "", Label: "All outcomes"}, {Value: "ATTRIBUTED", Label: "Attributed"}, {Value: "UNATTRIBUTED", Label: "Unattributed"}, {Value: "DUPLICATE", Label: "Duplicate"}, {Value: "REJECTED", Label: "Rejected"}},
		},
		ui.OfferFilter(l, called),
		{Name: "code", Label: "Coupon code", Value: l.Get("code"), Kind: "code"},
		{Name: "transaction", Label: "Transaction id", Value: l.Get("transaction"), Kind: "code"},
		{Name: "reason", Label: "Reason", Kind: "select", Value: l.Get("reason"), Choices: reasonChoices(l.Get("reason"))},
	}
}

// reasonChoices are the reasons of sales; another one that is asked for stands among them.
func reasonChoices(asked string) []ui.Choice {
	all := []ui.Choice{{Value: "", Label: "All reasons"}}
	values := trackingv1.Conversion_REASON_UNSPECIFIED.Descriptor().Values()
	for i := 1; i < values.Len(); i++ {
		name := string(values.Get(i).Name())
		all = append(all, ui.Choice{Value: name, Label: format.Words(name)})
	}
	if !slices.ContainsFunc(all, func(c ui.Choice) bool { return c.Value == asked }) {
		all = append(all, ui.Choice{Value: asked, Label: format.Words(asked)})
	}
	return all
}

func postbackTable(p *ui.Page, l ui.List, resp *trackingv1.ListPostbacksResponse, called ui.Names) ui.Table {
	t := ui.Table{
		ID: "postbacks-table", Caption: "Postbacks", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{l.Column("Time", "create_time"), {Label: "Outcome"}, {Label: "Reason"}, {Label: "Offer"}, {Label: "Coupon code"}, {Label: "Transaction id"}, {Label: "Parameters"}},
	}
	for _, one := range resp.GetPostbacks() {
		moment := p.Moment(one.GetCreateTime())
		moment.Lead(ui.Href("reports", "postbacks", ui.IDOf(one.GetName())))
		t.Rows = append(t.Rows, ui.Row{Key: ui.IDOf(one.GetName()), Cells: []ui.Cell{
			moment,
			{Badge: postbackBadge(one)},
			{Text: format.Words(one.GetReason())},
			{Text: called.Of(one.GetOffer())},
			ui.CodeCell(one.GetCouponCode()), ui.CodeCell(one.GetTransactionId()),
			{Text: cut(one.GetParameters()), IsCode: one.GetParameters() != ""},
		}})
	}
	return t
}

// postbackBadge is a postback's outcome, or that of its replay.
func postbackBadge(one *trackingv1.Postback) *ui.Badge {
	switch one.GetReplay().GetOutcome() {
	case trackingv1.ReplayResult_ATTRIBUTED:
		return &ui.Badge{Text: "Attributed by replay", Tone: "good"}
	case trackingv1.ReplayResult_RECORDED:
		return &ui.Badge{Text: "Recorded by replay", Tone: "wait"}
	default:
		return ui.StateBadge(one.GetOutcome().String())
	}
}

// cut shortens parameters for a table.
func cut(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// journalView is the page of one postback.
type journalView struct {
	Outcome    *ui.Badge
	Message    string
	Facts      []ui.Fact
	Parameters []ui.Fact
	Conversion string
	// Replay is what the last replay came to, Would what one would come to now.
	Replay, Would *replayView
	ReplayAction  string
	// TryHref asks what a replay would do.
	TryHref string
	// CanReplay says that a replay would do something.
	CanReplay bool
}

// replayViewOf is what a replay came to.
type replayView struct {
	Outcome *ui.Badge
	Message string
	Facts   []ui.Fact
}

func showJournal(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	id := r.PathValue("postback")
	one, err := p.Postbacks().GetPostback(r.Context(), &trackingv1.GetPostbackRequest{Name: resource.Postbacks + id})
	if err != nil {
		return err
	}
	var would *trackingv1.ReplayResult
	if r.URL.Query().Get("replay") != "" {
		would, err = p.Postbacks().ReplayPostback(r.Context(), &trackingv1.ReplayPostbackRequest{Name: one.GetName(), ValidateOnly: true})
		if err != nil {
			return err
		}
	}
	called := p.NamesOf(r.Context(), []string{one.GetOffer()}, []string{would.GetPublisher(), one.GetReplay().GetPublisher()})
	view := journalView{
		Outcome: ui.StateBadge(one.GetOutcome().String()), Message: one.GetMessage(), Facts: postbackFacts(one, called), Parameters: parameterFacts(one.GetParameters()),
		Replay: replayViewOf(p, one.GetReplay(), called), Would: replayViewOf(p, would, called),
		ReplayAction: ui.Href("reports", "postbacks", id, "replay"), TryHref: tryHref(r, id),
		CanReplay: would.GetOutcome() == trackingv1.ReplayResult_ATTRIBUTED || would.GetOutcome() == trackingv1.ReplayResult_RECORDED,
	}
	if one.GetConversion() != "" {
		view.Conversion = ui.Href("reports", "conversions", ui.IDOf(one.GetConversion()))
	}
	p.Title, p.Section = "Postback of "+format.DateTime(one.GetCreateTime().AsTime(), p.Zone), "reports/postbacks"
	p.Crumbs = []ui.Link{{Label: "Postback Log", Href: ui.Href("reports", "postbacks")}}
	return p.Show("postback", view)
}

// tryHref asks what a replay would do. Asked again, its address is another one: a link to the very address
// of the page only scrolls to the fragment.
func tryHref(r *http.Request, id string) string {
	try := "try"
	if r.URL.Query().Get("replay") == try {
		try = "again"
	}
	return ui.Href("reports", "postbacks", id) + "?replay=" + try + "#replay"
}

func postbackFacts(one *trackingv1.Postback, called ui.Names) []ui.Fact {
	proof := "No; the offer accepts postbacks without proof."
	if one.GetAuthenticated() {
		proof = "Yes"
	}
	var facts []ui.Fact
	for _, f := range []ui.Fact{
		{Label: "Offer", Value: called.Of(one.GetOffer()), Href: ui.HrefOf(one.GetOffer())},
		{Label: "Reason", Value: format.Words(one.GetReason())},
		{Label: "Coupon code", Value: one.GetCouponCode(), IsCode: true},
		{Label: "Transaction id", Value: one.GetTransactionId(), IsCode: true},
		{Label: "Answered", Value: "HTTP " + format.Number(int64(one.GetHttpStatus())), Hint: "After " + format.Latency(one.GetDuration().AsDuration())},
		{Label: "Came by", Value: one.GetMethod() + " from " + one.GetIp()},
		{Label: "With proof", Value: proof},
		{Label: "Warnings", Value: strings.Join(one.GetWarnings(), "; ")},
		{Label: "Body", Value: one.GetBody(), IsCode: true, Hint: "It could not be read. " + one.GetContentType()},
		{Label: "Postback id", Value: ui.IDOf(one.GetName()), IsCode: true},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// parameterFacts are the parameters as they came, in order.
func parameterFacts(query string) []ui.Fact {
	var facts []ui.Fact
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name = unescaped(name); name != "" {
			facts = append(facts, ui.Fact{Label: name, Value: unescaped(value)})
		}
	}
	return facts
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func replayViewOf(p *ui.Page, result *trackingv1.ReplayResult, called ui.Names) *replayView {
	if result == nil {
		return nil
	}
	tones := map[trackingv1.ReplayResult_Outcome]string{
		trackingv1.ReplayResult_ATTRIBUTED: "good", trackingv1.ReplayResult_RECORDED: "wait", trackingv1.ReplayResult_UNCHANGED: "quiet", trackingv1.ReplayResult_REFUSED: "bad",
	}
	view := &replayView{Outcome: &ui.Badge{Text: format.EnumWords(result.GetOutcome()), Tone: tones[result.GetOutcome()]}, Message: format.Sentence(result.GetMessage())}
	for _, f := range []ui.Fact{
		{Label: "Publisher", Value: called.Of(result.GetPublisher())},
		{Label: "Reason", Value: format.Words(result.GetReason())},
		{Label: "Replayed", Value: p.Moment(result.GetReplayTime()).Text},
	} {
		if f.Value != "" {
			view.Facts = append(view.Facts, f)
		}
	}
	return view
}

func replayPostback(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	id := r.PathValue("postback")
	result, err := p.Postbacks().ReplayPostback(r.Context(), &trackingv1.ReplayPostbackRequest{Name: resource.Postbacks + id})
	if err != nil {
		return err
	}
	return p.Done(ui.Href("reports", "postbacks", id), ui.Toast{Text: "Replayed: " + format.EnumWords(result.GetOutcome()) + "."})
}
