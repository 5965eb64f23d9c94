package conversions

import (
	"net/http"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func routes() []ui.Route {
	return []ui.Route{
		ui.Get("reports/conversions/{conversion}", showConversion),
		ui.Post("reports/conversions/{conversion}/approve", approveConversion),
		ui.Post("reports/conversions/{conversion}/reject", rejectConversion),
		ui.Post("reports/conversions/{conversion}/reassign", reassignConversion),
		ui.Post("reports/conversions/{conversion}/adjust", adjustConversion),
		ui.Post("reports/conversions/{conversion}/refund", refundConversion),
		ui.Post("reports/conversions/{conversion}/resolve", resolveConversion),
		ui.Get("pick/coupons/{offer}", pickCoupons),
	}
}

// conversionView is the page of one conversion: the decision and why, what it came to, what was done with
// it, and what can be.
type conversionView struct {
	Status, Outcome *ui.Badge
	ID              string
	Explanation     string
	Rule            string
	Decision        []ui.Fact
	Coupons         *ui.Table
	Facts           []ui.Fact
	Values          []ui.Fact
	Links           []ui.Link
	Changes         []changeView
	Conflicts       []conflictView
	Actions         []actionForm
	// CanApprove shows the button; Approve is where it posts to.
	CanApprove bool
	Approve    string
	ETag       string
	// IsConflict says that somebody else has changed the conversion meanwhile.
	IsConflict bool
	Error      string
}

// changeView is a line of the history.
type changeView struct {
	Title, By, Reason string
	Lines             []string
	Postback          string
}

// conflictView is a report of the same transaction with another content.
type conflictView struct {
	Title   string
	Facts   []ui.Fact
	Number  int32
	IsOpen  bool
	Outcome string
	Resolve string
}

// actionForm is something that can be done, folded up.
type actionForm struct {
	Title  string
	Form   ui.Form
	IsOpen bool
	// Confirm asks first, where it cannot be undone.
	Confirm string
}

func readConversion(p *ui.Page) (*trackingv1.Conversion, error) {
	return p.Conversions().GetConversion(p.Request.Context(), &trackingv1.GetConversionRequest{Name: resource.Conversion(p.Request.PathValue("conversion"))})
}

func showConversion(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	c, err := readConversion(p)
	if err != nil {
		return err
	}
	return showConversionAs(p, http.StatusOK, c, nil)
}

// showConversionAs shows a conversion; failed is the action that was refused, with what was typed.
func showConversionAs(p *ui.Page, code int, c *trackingv1.Conversion, failed *refusedAction) error {
	publishers := []string{c.GetPublisher(), c.GetDecision().GetClick().GetPublisher()}
	for _, one := range c.GetDecision().GetCoupons() {
		publishers = append(publishers, one.GetPublisher())
	}
	for _, change := range c.GetChanges() {
		publishers = append(publishers, change.GetFrom().GetPublisher(), change.GetTo().GetPublisher())
	}
	for _, conflict := range c.GetConflicts() {
		publishers = append(publishers, conflict.GetPublisher())
	}
	called := p.NamesOf(p.Request.Context(), []string{c.GetOffer()}, publishers)
	id := ui.IDOf(c.GetName())
	view := conversionView{
		Status: ui.StateBadge(c.GetStatus().String()), Outcome: ui.StateBadge(c.GetOutcome().String()), ID: id, Explanation: c.GetExplanation(),
		Rule: ruleText(c.GetDecision()), Decision: decisionFacts(p, c, called), Coupons: consideredTable(p, c, called), Facts: saleFacts(p, c, called),
		Values: publisherValues(c), Links: conversionLinks(c), Changes: changesOf(p, c, called), Conflicts: conflictsOf(p, c, called),
		Actions: conversionActions(c, failed), Approve: ui.Href("reports", "conversions", id, "approve"), ETag: c.GetEtag(),
		CanApprove: c.GetStatus() != trackingv1.Conversion_APPROVED && c.GetOutcome() == trackingv1.Conversion_ATTRIBUTED,
	}
	if failed != nil {
		view.IsConflict, view.Error = failed.isConflict, failed.errs[""]
	}
	p.Title, p.Section = "Conversion", "reports/conversions"
	if c.GetTransactionId() != "" {
		p.Title = "Conversion " + c.GetTransactionId()
	}
	p.Crumbs = []ui.Link{{Label: ui.ReportTitle, Href: ui.Href("reports", "conversions")}}
	return p.ShowAs(code, "conversion", view)
}

// ruleText is the rule that decided. The precedence that some begin with has a line of its own.
func ruleText(d *trackingv1.Decision) string {
	return format.Capital(strings.TrimPrefix(d.GetRule(), d.GetPrecedence()+": "))
}

// decisionFacts are what the decision rests on.
func decisionFacts(p *ui.Page, c *trackingv1.Conversion, called ui.Names) []ui.Fact {
	credited := ui.Fact{Label: "Credited", Value: "Nobody"}
	if c.GetPublisher() != "" {
		credited.Value, credited.Href = called.Of(c.GetPublisher()), ui.HrefOf(c.GetPublisher())
	}
	facts := []ui.Fact{credited}
	add := func(label, value, hint string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: label, Value: value, Hint: hint})
		}
	}
	add("Method", format.EnumWords(c.GetMethod()), "")
	add("Reason", format.EnumWords(c.GetReason()), reasonHint(c))
	d := c.GetDecision()
	for _, one := range d.GetCodes() {
		at := "Counted"
		if one.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			at = format.EnumWords(one.GetReason())
		}
		add("Code "+one.GetCode(), at, one.GetExplanation())
	}
	if click := d.GetClick(); click != nil {
		value, hint := called.Of(click.GetPublisher())+", "+format.DateTime(click.GetClickTime().AsTime(), p.Zone), "It counted."
		if click.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			hint = "It did not count: " + format.EnumWords(click.GetReason()) + "."
		}
		if click.GetCoupon() != "" {
			hint += " By the link of coupon " + codeOf(click.GetCoupon()) + "."
		}
		add("Click", value, hint)
		add("Dropped from the click's link", strings.Join(click.GetDropped(), "; "), "Parameters in its address that could not be read, or were too long.")
	} else if d != nil {
		add("Click", "None", "The sale was reported without a known click.")
	}
	add("Precedence", format.Words(d.GetPrecedence()), "Which one wins if code and click belong to different publishers.")
	if d.GetClickWindow() != nil {
		add("Click window", format.Duration(d.GetClickWindow().AsDuration()), "")
	}
	if grace := d.GetCouponGrace(); grace != nil && grace.AsDuration() > 0 {
		add("Coupon grace", format.Duration(grace.AsDuration()), "How long after its expiry the code still earned.")
	}
	add("Payout rate", ui.PayoutText(d.GetPayout()), "At the time when the sale was recorded.")
	add("Revenue rate", ui.PayoutText(d.GetRevenue()), "")
	return facts
}

// reasonHint names the coupons that an ambiguous code could mean.
func reasonHint(c *trackingv1.Conversion) string {
	if len(c.GetCandidates()) == 0 {
		return ""
	}
	var all []string
	for _, name := range c.GetCandidates() {
		all = append(all, ui.IDOf(name))
	}
	return "Could be " + strings.Join(all, ", ") + ". Reassign it to the right one."
}

// consideredTable are the coupons that had the code.
func consideredTable(p *ui.Page, c *trackingv1.Conversion, called ui.Names) *ui.Table {
	if len(c.GetDecision().GetCoupons()) == 0 {
		return nil
	}
	t := &ui.Table{ID: "considered", Caption: "Coupons considered", Columns: []ui.Column{{Label: "Coupon"}, {Label: "Publisher"}, {Label: "Valid from"}, {Label: "Until"}, {Label: "At the sale"}}}
	for _, one := range c.GetDecision().GetCoupons() {
		at := &ui.Badge{Text: "Valid", Tone: "good"}
		if one.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			at = &ui.Badge{Text: format.EnumWords(one.GetReason()), Tone: "wait"}
		}
		until := p.Moment(one.GetExpireTime())
		if until.Text == "" {
			until.Text = "No end"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.CodeCell(codeOf(one.GetCoupon())), {Text: called.Of(one.GetPublisher())}, p.Moment(one.GetStartTime()), until, {Badge: at}}})
	}
	return t
}

// codeOf is the code of a coupon's name: offers/10/coupons/22.SALE is SALE.
func codeOf(coupon string) string {
	id := ui.IDOf(coupon)
	return id[strings.LastIndexByte(id, '.')+1:]
}

// saleFacts are the sale and its money.
func saleFacts(p *ui.Page, c *trackingv1.Conversion, called ui.Names) []ui.Fact {
	facts := []ui.Fact{
		{Label: "Offer", Value: called.Of(c.GetOffer()), Href: ui.HrefOf(c.GetOffer())},
		{Label: "Conversion time", Value: format.DateTime(c.GetConversionTime().AsTime(), p.Zone), Hint: "Recorded " + format.DateTime(c.GetCreateTime().AsTime(), p.Zone)},
	}
	code := func(label, value, hint string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: label, Value: value, IsCode: true, Hint: hint})
		}
	}
	plain := func(label, value, hint string) {
		if value == "" {
			value = "–"
		}
		facts = append(facts, ui.Fact{Label: label, Value: value, Hint: hint})
	}
	code("Coupon code", c.GetCouponCode(), "")
	code("Transaction id", c.GetTransactionId(), "")
	plain("Event", c.GetEvent(), "")
	plain("Amount", ui.MoneyText(c.GetAmount()), "")
	if c.GetDiscount() != nil {
		plain("Discount", ui.MoneyText(c.GetDiscount()), "What the shopper saved, as reported.")
	}
	if c.GetRefundedAmount() != nil {
		plain("Refunded", ui.MoneyText(c.GetRefundedAmount()), "")
	}
	plain("Payout", ui.MoneyText(c.GetPayout()), "")
	plain("Revenue", ui.MoneyText(c.GetRevenue()), "")
	if c.GetStatusReason() != "" {
		plain("Rejected because", c.GetStatusReason(), "")
	}
	if c.GetUndeduplicated() {
		plain("Perhaps a repeat", "Yes", "The report had no transaction id, click or key: a second report of the same sale cannot be recognized.")
	}
	return facts
}

// publisherValues are what the publisher's link brought along.
func publisherValues(c *trackingv1.Conversion) []ui.Fact {
	var facts []ui.Fact
	for _, one := range []ui.Fact{
		{Label: "Click id", Value: c.GetClick()},
		{Label: "Pub. Unique 1", Value: c.GetPubUnique1()},
		{Label: "Pub. Unique 2", Value: c.GetPubUnique2()},
		{Label: "Pub. Unique 3", Value: c.GetPubUnique3(), Hint: "Holds the coupon code of a coupon's sale."},
		{Label: "Pub. Unique 4", Value: c.GetPubUnique4()},
		{Label: "Pub. Unique 5", Value: c.GetPubUnique5()},
		{Label: "Pub. Click Id", Value: c.GetPubClickId()},
		{Label: "Pub. Sub Id", Value: c.GetPubSubId()},
	} {
		if one.Value != "" {
			one.IsCode = true
			facts = append(facts, one)
		}
	}
	return facts
}

// conversionLinks lead to what belongs to the conversion.
func conversionLinks(c *trackingv1.Conversion) []ui.Link {
	var links []ui.Link
	if c.GetPostback() != "" {
		links = append(links, ui.Link{Label: "The postback that reported it", Href: ui.Href("reports", "postbacks", ui.IDOf(c.GetPostback()))})
	}
	return append(
		links, ui.Link{Label: "Postbacks about it", Href: ui.Href("reports", "postbacks") + "?conversion=" + ui.IDOf(c.GetName())},
		ui.Link{Label: "Deliveries to the publisher", Href: ui.Href("reports", "deliveries") + "?conversion=" + ui.IDOf(c.GetName())},
	)
}

// changesOf are the history, the latest first.
func changesOf(p *ui.Page, c *trackingv1.Conversion, called ui.Names) []changeView {
	var all []changeView
	for _, change := range c.GetChanges() {
		view := changeView{
			Title: changeTitle(change.GetKind()), Reason: change.GetReason(), Lines: differences(change.GetFrom(), change.GetTo(), called),
			By: format.DateTime(change.GetChangeTime().AsTime(), p.Zone) + ", by " + change.GetActor(),
		}
		if change.GetPostback() != "" {
			view.Postback = ui.Href("reports", "postbacks", ui.IDOf(change.GetPostback()))
		}
		all = append([]changeView{view}, all...)
	}
	return append(all, changeView{Title: "Recorded", By: format.DateTime(c.GetCreateTime().AsTime(), p.Zone)})
}

func changeTitle(kind trackingv1.ConversionChange_Kind) string {
	switch kind {
	case trackingv1.ConversionChange_APPROVE:
		return "Approved"
	case trackingv1.ConversionChange_REJECT:
		return "Rejected"
	case trackingv1.ConversionChange_REASSIGN:
		return "Reassigned"
	case trackingv1.ConversionChange_ADJUST:
		return "Amount adjusted"
	case trackingv1.ConversionChange_REFUND:
		return "Refunded"
	case trackingv1.ConversionChange_RESOLVE:
		return "Conflict resolved"
	case trackingv1.ConversionChange_REPLAY:
		return "Attributed by a replay of its postback"
	default:
		return format.EnumWords(kind)
	}
}

// differences says what a change changed, line by line.
func differences(from, to *trackingv1.ConversionState, called ui.Names) []string {
	var lines []string
	add := func(label, before, after string) {
		if before != after {
			lines = append(lines, label+": "+orDash(before)+" → "+orDash(after))
		}
	}
	add("Status", format.EnumWords(from.GetStatus()), format.EnumWords(to.GetStatus()))
	add("Publisher", called.Of(from.GetPublisher()), called.Of(to.GetPublisher()))
	add("Coupon", codeOf(from.GetCoupon()), codeOf(to.GetCoupon()))
	add("Reason", format.EnumWords(from.GetReason()), format.EnumWords(to.GetReason()))
	add("Amount", ui.MoneyText(from.GetAmount()), ui.MoneyText(to.GetAmount()))
	add("Refunded", ui.MoneyText(from.GetRefundedAmount()), ui.MoneyText(to.GetRefundedAmount()))
	add("Payout", ui.MoneyText(from.GetPayout()), ui.MoneyText(to.GetPayout()))
	add("Revenue", ui.MoneyText(from.GetRevenue()), ui.MoneyText(to.GetRevenue()))
	return lines
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// conflictsOf are reports of the same transaction with another content.
func conflictsOf(p *ui.Page, c *trackingv1.Conversion, called ui.Names) []conflictView {
	var all []conflictView
	for _, one := range c.GetConflicts() {
		view := conflictView{
			Title: format.DateTime(one.GetCreateTime().AsTime(), p.Zone), Number: one.GetNumber(),
			IsOpen: one.GetResolution() == trackingv1.ConversionConflict_RESOLUTION_UNSPECIFIED, Outcome: format.EnumWords(one.GetResolution()),
			Resolve: ui.Href("reports", "conversions", ui.IDOf(c.GetName()), "resolve"),
		}
		for _, f := range []ui.Fact{
			{Label: "Amount sent", Value: ui.MoneyText(one.GetAmount()), Hint: "Stored: " + orDash(ui.MoneyText(c.GetAmount()))},
			{Label: "Code sent", Value: one.GetCouponCode()},
			{Label: "Click sent", Value: one.GetClick()},
			{Label: "Publisher sent", Value: called.Of(one.GetPublisher())},
			{Label: "Came", Value: times(one.GetCount())},
		} {
			if f.Value != "" {
				view.Facts = append(view.Facts, f)
			}
		}
		all = append(all, view)
	}
	return all
}

func times(n int32) string {
	if n == 1 {
		return "once"
	}
	return format.Number(int64(n)) + " times"
}
