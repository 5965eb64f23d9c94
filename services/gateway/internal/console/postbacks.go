package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

func postbackRoutes() []route {
	return []route{
		get("reports/postbacks", listPostbacks),
		get("reports/postbacks/{postback}", showJournal),
		post("reports/postbacks/replay", replayPostbacks),
		post("reports/postbacks/{postback}/replay", replayPostback),
	}
}

func (p *page) postbacks() trackingv1.PostbackServiceClient {
	return trackingv1.NewPostbackServiceClient(p.tracking)
}

// logView is a list with a form of filters above it.
type logView struct {
	// Target is the table's id, Action where the form goes.
	Action  string
	Filters []field
	Kept    map[string]string
	// ClearHref shows all; empty: nothing is filtered.
	ClearHref string
	Notes     []note
	// Bulk is what can be done with all that match.
	Bulk  *bulkReplay
	Table table
}

func listPostbacks(_ http.ResponseWriter, _ *http.Request, p *page) error {
	l := p.listOf("-create_time")
	filter := postbackFilter(l)
	resp, err := p.postbacks().ListPostbacks(p.r.Context(), &trackingv1.ListPostbacksRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return err
	}
	offers := []string{l.Get("offer")}
	for _, one := range resp.GetPostbacks() {
		offers = append(offers, one.GetOffer())
	}
	called := p.namesOf(p.r.Context(), offers, nil)
	view := logView{Action: l.path, Filters: postbackFilters(l, called), Kept: l.keptBut("offer", "outcome", "code", "transaction", "reason", "replay"), Table: p.postbackTable(l, resp, called)}
	if l.isFiltered(postbackNames()...) {
		view.ClearHref = l.path
	}
	p.Title, p.Section = "Postback Log", "reports/postbacks"
	p.Lead = "Every call by an advertiser, with what became of it. Kept for 90 days."
	switch {
	case filter == "" || len(resp.GetPostbacks()) == 0:
	case l.Get("replay") == "":
		p.Actions = []link{{Label: "Replay all of these", Href: l.with("replay", "all") + "#replay"}}
	default:
		if view.Bulk, err = p.postbackBulk(l, filter); err != nil {
			return err
		}
	}
	return p.show("log", view)
}

func postbackNames() []string {
	return []string{"offer", "outcome", "code", "transaction", "reason", "conversion"}
}

// keptBut are the state's values that a form with these fields passes on.
func (l list) keptBut(own ...string) map[string]string {
	kept := map[string]string{}
	for name := range l.values {
		if !slices.Contains(append(own, "page", "back"), name) && l.Get(name) != "" {
			kept[name] = l.Get(name)
		}
	}
	return kept
}

// equals is the condition that a field is what the list is filtered by; empty where it is not.
func (l list) equals(field, name string) string {
	value := l.Get(name)
	if value == "" {
		return ""
	}
	return field + " = " + quoted(value)
}

func postbackFilter(l list) string {
	outcome := l.Get("outcome")
	if _, known := trackingv1.Postback_Outcome_value[outcome]; known {
		outcome = "outcome = " + outcome
	} else {
		outcome = ""
	}
	return and(
		l.equals("offer", "offer"), outcome, l.equals("coupon_code", "code"), l.equals("transaction_id", "transaction"),
		l.equals("reason", "reason"), l.equals("conversion", "conversion"),
	)
}

func postbackFilters(l list, called names) []field {
	return []field{
		{
			Name: "outcome", Label: "Outcome", Kind: "select", Value: l.Get("outcome"),
			Choices: []choice{{"", "All outcomes"}, {"ATTRIBUTED", "Attributed"}, {"UNATTRIBUTED", "Unattributed"}, {"DUPLICATE", "Duplicate"}, {"REJECTED", "Rejected"}},
		},
		offerFilter(l, called),
		{Name: "code", Label: "Coupon code", Value: l.Get("code"), Kind: "code"},
		{Name: "transaction", Label: "Transaction id", Value: l.Get("transaction"), Kind: "code"},
		{Name: "reason", Label: "Reason", Kind: "select", Value: l.Get("reason"), Choices: reasonChoices(l.Get("reason"))},
	}
}

func offerFilter(l list, called names) field {
	f := field{Name: "offer", Label: "Offer", Kind: "picker", Pick: at("pick", "offers"), Value: l.Get("offer"), Placeholder: "Name or id"}
	if f.Value != "" {
		f.PickLabel = called.of("offers/" + f.Value)
	}
	return f
}

// reasonChoices are the reasons of sales; another one that is asked for stands among them.
func reasonChoices(asked string) []choice {
	all := []choice{{"", "All reasons"}}
	values := trackingv1.Conversion_REASON_UNSPECIFIED.Descriptor().Values()
	for i := 1; i < values.Len(); i++ {
		name := string(values.Get(i).Name())
		all = append(all, choice{name, words(name)})
	}
	if !slices.ContainsFunc(all, func(c choice) bool { return c.Value == asked }) {
		all = append(all, choice{asked, words(asked)})
	}
	return all
}

func (p *page) postbackTable(l list, resp *trackingv1.ListPostbacksResponse, called names) table {
	t := table{
		ID: "postbacks-table", Caption: "Postbacks", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{l.column("Time", "create_time"), {Label: "Outcome"}, {Label: "Reason"}, {Label: "Offer"}, {Label: "Coupon code"}, {Label: "Transaction id"}, {Label: "Parameters"}},
		Empty: empty{
			Title: "No postbacks yet", Text: "An advertiser calls the address on its offer's Postback tab for each sale. Each call then stands here with its outcome.",
			Action: &link{Label: "To the offers", Href: at("offers")},
		},
	}
	if l.isFiltered(append(postbackNames(), "page")...) {
		t.Empty = empty{Title: "No postback matches", Text: "Take away some of the filters. Postbacks are kept for 90 days.", Action: &link{Label: "Show all postbacks", Href: l.path}}
	}
	for _, one := range resp.GetPostbacks() {
		moment := p.moment(one.GetCreateTime())
		moment.lead(at("reports", "postbacks", idOf(one.GetName())))
		t.Rows = append(t.Rows, row{Key: idOf(one.GetName()), Cells: []cell{
			moment,
			{Badge: postbackBadge(one)},
			{Text: words(one.GetReason())},
			{Text: called.of(one.GetOffer())},
			codeCell(one.GetCouponCode()), codeCell(one.GetTransactionId()),
			{Text: cut(one.GetParameters()), IsCode: one.GetParameters() != ""},
		}})
	}
	return t
}

// postbackBadge says what became of a postback, be it by a replay.
func postbackBadge(one *trackingv1.Postback) *badge {
	switch one.GetReplay().GetOutcome() {
	case trackingv1.ReplayResult_ATTRIBUTED:
		return &badge{"Attributed by replay", "good"}
	case trackingv1.ReplayResult_RECORDED:
		return &badge{"Recorded by replay", "wait"}
	default:
		return stateBadge(one.GetOutcome().String())
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
	Outcome    *badge
	Message    string
	Facts      []fact
	Parameters []fact
	Conversion string
	// Replay is what the last replay came to, Would what one would come to now.
	Replay, Would *replayView
	ReplayAction  string
	// TryHref asks what a replay would do.
	TryHref string
	// CanReplay says that a replay would do something.
	CanReplay bool
}

// replayView is what a replay came to.
type replayView struct {
	Outcome *badge
	Message string
	Facts   []fact
}

func showJournal(_ http.ResponseWriter, r *http.Request, p *page) error {
	id := r.PathValue("postback")
	one, err := p.postbacks().GetPostback(r.Context(), &trackingv1.GetPostbackRequest{Name: "postbacks/" + id})
	if err != nil {
		return err
	}
	var would *trackingv1.ReplayResult
	if r.URL.Query().Get("replay") != "" {
		would, err = p.postbacks().ReplayPostback(r.Context(), &trackingv1.ReplayPostbackRequest{Name: one.GetName(), ValidateOnly: true})
		if err != nil {
			return err
		}
	}
	called := p.namesOf(r.Context(), []string{one.GetOffer()}, []string{would.GetPublisher(), one.GetReplay().GetPublisher()})
	view := journalView{
		Outcome: stateBadge(one.GetOutcome().String()), Message: one.GetMessage(), Facts: p.postbackFacts(one, called), Parameters: parameterFacts(one.GetParameters()),
		Replay: p.replayView(one.GetReplay(), called), Would: p.replayView(would, called),
		ReplayAction: at("reports", "postbacks", id, "replay"), TryHref: tryHref(r, id),
		CanReplay: would.GetOutcome() == trackingv1.ReplayResult_ATTRIBUTED || would.GetOutcome() == trackingv1.ReplayResult_RECORDED,
	}
	if one.GetConversion() != "" {
		view.Conversion = at("reports", "conversions", idOf(one.GetConversion()))
	}
	p.Title, p.Section = "Postback of "+format.DateTime(one.GetCreateTime().AsTime(), p.zone), "reports/postbacks"
	p.Crumbs = []link{{Label: "Postback Log", Href: at("reports", "postbacks")}}
	return p.show("postback", view)
}

// tryHref asks what a replay would do. Asked again, its address is another one: a link to the very address
// of the page only scrolls to the fragment.
func tryHref(r *http.Request, id string) string {
	try := "try"
	if r.URL.Query().Get("replay") == try {
		try = "again"
	}
	return at("reports", "postbacks", id) + "?replay=" + try + "#replay"
}

func (p *page) postbackFacts(one *trackingv1.Postback, called names) []fact {
	proof := "No; its offer takes postbacks without proof."
	if one.GetAuthenticated() {
		proof = "Yes"
	}
	var facts []fact
	for _, f := range []fact{
		{Label: "Offer", Value: called.of(one.GetOffer()), Href: hrefOf(one.GetOffer())},
		{Label: "Reason", Value: words(one.GetReason())},
		{Label: "Coupon code", Value: one.GetCouponCode(), IsCode: true},
		{Label: "Transaction id", Value: one.GetTransactionId(), IsCode: true},
		{Label: "Answered", Value: "HTTP " + format.Number(int64(one.GetHttpStatus())), Hint: "After " + format.Latency(one.GetDuration().AsDuration())},
		{Label: "Came by", Value: one.GetMethod() + " from " + one.GetIp()},
		{Label: "With proof", Value: proof},
		{Label: "Warnings", Value: strings.Join(one.GetWarnings(), "; ")},
		{Label: "Body", Value: one.GetBody(), IsCode: true, Hint: "It could not be read. " + one.GetContentType()},
		{Label: "Postback id", Value: idOf(one.GetName()), IsCode: true},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// parameterFacts are the parameters as they came, in order.
func parameterFacts(query string) []fact {
	var facts []fact
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name = unescaped(name); name != "" {
			facts = append(facts, fact{Label: name, Value: unescaped(value)})
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

func (p *page) replayView(result *trackingv1.ReplayResult, called names) *replayView {
	if result == nil {
		return nil
	}
	tones := map[trackingv1.ReplayResult_Outcome]string{
		trackingv1.ReplayResult_ATTRIBUTED: "good", trackingv1.ReplayResult_RECORDED: "wait", trackingv1.ReplayResult_UNCHANGED: "quiet", trackingv1.ReplayResult_REFUSED: "bad",
	}
	view := &replayView{Outcome: &badge{enumWords(result.GetOutcome()), tones[result.GetOutcome()]}, Message: sentence(result.GetMessage())}
	for _, f := range []fact{
		{Label: "Publisher", Value: called.of(result.GetPublisher())},
		{Label: "Reason", Value: words(result.GetReason())},
		{Label: "Replayed", Value: p.moment(result.GetReplayTime()).Text},
	} {
		if f.Value != "" {
			view.Facts = append(view.Facts, f)
		}
	}
	return view
}

func replayPostback(_ http.ResponseWriter, r *http.Request, p *page) error {
	id := r.PathValue("postback")
	result, err := p.postbacks().ReplayPostback(r.Context(), &trackingv1.ReplayPostbackRequest{Name: "postbacks/" + id})
	if err != nil {
		return err
	}
	return p.done(at("reports", "postbacks", id), toast{Text: "Replayed: " + enumWords(result.GetOutcome()) + "."})
}
