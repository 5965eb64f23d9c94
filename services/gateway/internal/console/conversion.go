package console

import (
	"net/http"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

func conversionRoutes() []route {
	return []route{
		get("reports/conversions/{conversion}", showConversion),
		post("reports/conversions/{conversion}/approve", approveConversion),
		post("reports/conversions/{conversion}/reject", rejectConversion),
		post("reports/conversions/{conversion}/reassign", reassignConversion),
		post("reports/conversions/{conversion}/adjust", adjustConversion),
		post("reports/conversions/{conversion}/refund", refundConversion),
		post("reports/conversions/{conversion}/resolve", resolveConversion),
		get("pick/coupons/{offer}", pickCoupons),
	}
}

// conversionView is the page of one conversion: the decision and why, what it came to, what was done with
// it, and what can be.
type conversionView struct {
	Status, Outcome *badge
	ID              string
	Explanation     string
	Rule            string
	Decision        []fact
	Coupons         *table
	Facts           []fact
	Values          []fact
	Links           []link
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
	Facts   []fact
	Number  int32
	IsOpen  bool
	Outcome string
	Resolve string
}

// actionForm is something that can be done, folded up.
type actionForm struct {
	Title  string
	Form   form
	IsOpen bool
	// Confirm asks first, where it cannot be undone.
	Confirm string
}

func (p *page) conversion() (*trackingv1.Conversion, error) {
	return p.conversionClient().GetConversion(p.r.Context(), &trackingv1.GetConversionRequest{Name: "conversions/" + p.r.PathValue("conversion")})
}

func showConversion(_ http.ResponseWriter, _ *http.Request, p *page) error {
	c, err := p.conversion()
	if err != nil {
		return err
	}
	return p.showConversion(http.StatusOK, c, nil)
}

// showConversion shows a conversion; failed is the action that was refused, with what was typed.
func (p *page) showConversion(code int, c *trackingv1.Conversion, failed *refusedAction) error {
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
	called := p.namesOf(p.r.Context(), []string{c.GetOffer()}, publishers)
	id := idOf(c.GetName())
	view := conversionView{
		Status: stateBadge(c.GetStatus().String()), Outcome: stateBadge(c.GetOutcome().String()), ID: id, Explanation: c.GetExplanation(),
		Rule: ruleText(c.GetDecision()), Decision: p.decisionFacts(c, called), Coupons: p.consideredTable(c, called), Facts: p.saleFacts(c, called),
		Values: p.publisherValues(c), Links: p.conversionLinks(c), Changes: p.changes(c, called), Conflicts: p.conflicts(c, called),
		Actions: conversionActions(c, failed), Approve: at("reports", "conversions", id, "approve"), ETag: c.GetEtag(),
		CanApprove: c.GetStatus() != trackingv1.Conversion_APPROVED && c.GetOutcome() == trackingv1.Conversion_ATTRIBUTED,
	}
	if failed != nil {
		view.IsConflict, view.Error = failed.isConflict, failed.errs[""]
	}
	p.Title, p.Section = "Conversion", "reports/conversions"
	if c.GetTransactionId() != "" {
		p.Title = "Conversion " + c.GetTransactionId()
	}
	p.Crumbs = []link{{Label: reportTitle, Href: at("reports", "conversions")}}
	return p.showAs(code, "conversion", view)
}

// ruleText is the rule that decided. The precedence that some begin with has a line of its own.
func ruleText(d *trackingv1.Decision) string {
	return capital(strings.TrimPrefix(d.GetRule(), d.GetPrecedence()+": "))
}

// decisionFacts are what the decision rests on.
func (p *page) decisionFacts(c *trackingv1.Conversion, called names) []fact {
	credited := fact{Label: "Credited", Value: "Nobody"}
	if c.GetPublisher() != "" {
		credited.Value, credited.Href = called.of(c.GetPublisher()), hrefOf(c.GetPublisher())
	}
	facts := []fact{credited}
	add := func(label, value, hint string) {
		if value != "" {
			facts = append(facts, fact{Label: label, Value: value, Hint: hint})
		}
	}
	add("Method", enumWords(c.GetMethod()), "")
	add("Reason", enumWords(c.GetReason()), reasonHint(c))
	d := c.GetDecision()
	for _, one := range d.GetCodes() {
		at := "Counted"
		if one.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			at = enumWords(one.GetReason())
		}
		add("Code "+one.GetCode(), at, one.GetExplanation())
	}
	if click := d.GetClick(); click != nil {
		value, hint := called.of(click.GetPublisher())+", "+format.DateTime(click.GetClickTime().AsTime(), p.zone), "It counted."
		if click.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			hint = "It did not count: " + enumWords(click.GetReason()) + "."
		}
		if click.GetCoupon() != "" {
			hint += " By the link of coupon " + codeOf(click.GetCoupon()) + "."
		}
		add("Click", value, hint)
		add("Dropped from the click's link", strings.Join(click.GetDropped(), "; "), "Parameters in its address that could not be read, or were too long.")
	} else if d != nil {
		add("Click", "None", "The sale was reported without a click that is known.")
	}
	add("Precedence", words(d.GetPrecedence()), "What wins where code and click are of two publishers.")
	if d.GetClickWindow() != nil {
		add("Click window", format.Duration(d.GetClickWindow().AsDuration()), "")
	}
	if grace := d.GetCouponGrace(); grace != nil && grace.AsDuration() > 0 {
		add("Coupon grace", format.Duration(grace.AsDuration()), "How long after its expiry the code still earned.")
	}
	add("Payout rate", payoutText(d.GetPayout()), "As it was when the sale was recorded.")
	add("Revenue rate", payoutText(d.GetRevenue()), "")
	return facts
}

// reasonHint names the coupons that an ambiguous code could mean.
func reasonHint(c *trackingv1.Conversion) string {
	if len(c.GetCandidates()) == 0 {
		return ""
	}
	var all []string
	for _, name := range c.GetCandidates() {
		all = append(all, idOf(name))
	}
	return "Could be " + strings.Join(all, ", ") + ". Reassign it to the right one."
}

// consideredTable are the coupons that had the code.
func (p *page) consideredTable(c *trackingv1.Conversion, called names) *table {
	if len(c.GetDecision().GetCoupons()) == 0 {
		return nil
	}
	t := &table{ID: "considered", Caption: "Coupons considered", Columns: []column{{Label: "Coupon"}, {Label: "Publisher"}, {Label: "Valid from"}, {Label: "Until"}, {Label: "At the sale"}}}
	for _, one := range c.GetDecision().GetCoupons() {
		at := &badge{"Valid", "good"}
		if one.GetReason() != trackingv1.Conversion_REASON_UNSPECIFIED {
			at = &badge{enumWords(one.GetReason()), "wait"}
		}
		until := p.moment(one.GetExpireTime())
		if until.Text == "" {
			until.Text = "No end"
		}
		t.Rows = append(t.Rows, row{Cells: []cell{codeCell(codeOf(one.GetCoupon())), {Text: called.of(one.GetPublisher())}, p.moment(one.GetStartTime()), until, {Badge: at}}})
	}
	return t
}

// codeOf is the code of a coupon's name: offers/10/coupons/22.SALE is SALE.
func codeOf(coupon string) string {
	id := idOf(coupon)
	return id[strings.LastIndexByte(id, '.')+1:]
}

// saleFacts are the sale and its money.
func (p *page) saleFacts(c *trackingv1.Conversion, called names) []fact {
	facts := []fact{
		{Label: "Offer", Value: called.of(c.GetOffer()), Href: hrefOf(c.GetOffer())},
		{Label: "Conversion time", Value: format.DateTime(c.GetConversionTime().AsTime(), p.zone), Hint: "Recorded " + format.DateTime(c.GetCreateTime().AsTime(), p.zone)},
	}
	code := func(label, value, hint string) {
		if value != "" {
			facts = append(facts, fact{Label: label, Value: value, IsCode: true, Hint: hint})
		}
	}
	plain := func(label, value, hint string) {
		if value == "" {
			value = "–"
		}
		facts = append(facts, fact{Label: label, Value: value, Hint: hint})
	}
	code("Coupon code", c.GetCouponCode(), "")
	code("Transaction id", c.GetTransactionId(), "")
	plain("Event", c.GetEvent(), "")
	plain("Amount", moneyText(c.GetAmount()), "")
	if c.GetRefundedAmount() != nil {
		plain("Refunded", moneyText(c.GetRefundedAmount()), "")
	}
	plain("Payout", moneyText(c.GetPayout()), "")
	plain("Revenue", moneyText(c.GetRevenue()), "")
	if c.GetStatusReason() != "" {
		plain("Rejected because", c.GetStatusReason(), "")
	}
	if c.GetUndeduplicated() {
		plain("Perhaps a repeat", "Yes", "The report had no transaction id, click or key: a second report of the same sale cannot be told.")
	}
	return facts
}

// publisherValues are what the publisher's link brought along.
func (p *page) publisherValues(c *trackingv1.Conversion) []fact {
	var facts []fact
	for _, one := range []fact{
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
func (p *page) conversionLinks(c *trackingv1.Conversion) []link {
	var links []link
	if c.GetPostback() != "" {
		links = append(links, link{Label: "The postback that reported it", Href: at("reports", "postbacks", idOf(c.GetPostback()))})
	}
	return append(
		links, link{Label: "Postbacks about it", Href: at("reports", "postbacks") + "?conversion=" + idOf(c.GetName())},
		link{Label: "Deliveries to the publisher", Href: at("reports", "deliveries") + "?conversion=" + idOf(c.GetName())},
	)
}

// changes are the history, the latest first.
func (p *page) changes(c *trackingv1.Conversion, called names) []changeView {
	var all []changeView
	for _, change := range c.GetChanges() {
		view := changeView{
			Title: changeTitle(change.GetKind()), Reason: change.GetReason(), Lines: differences(change.GetFrom(), change.GetTo(), called),
			By: format.DateTime(change.GetChangeTime().AsTime(), p.zone) + ", by " + change.GetActor(),
		}
		if change.GetPostback() != "" {
			view.Postback = at("reports", "postbacks", idOf(change.GetPostback()))
		}
		all = append([]changeView{view}, all...)
	}
	return append(all, changeView{Title: "Recorded", By: format.DateTime(c.GetCreateTime().AsTime(), p.zone)})
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
		return enumWords(kind)
	}
}

// differences says what a change changed, line by line.
func differences(from, to *trackingv1.ConversionState, called names) []string {
	var lines []string
	add := func(label, before, after string) {
		if before != after {
			lines = append(lines, label+": "+orDash(before)+" → "+orDash(after))
		}
	}
	add("Status", enumWords(from.GetStatus()), enumWords(to.GetStatus()))
	add("Publisher", called.of(from.GetPublisher()), called.of(to.GetPublisher()))
	add("Coupon", codeOf(from.GetCoupon()), codeOf(to.GetCoupon()))
	add("Reason", enumWords(from.GetReason()), enumWords(to.GetReason()))
	add("Amount", moneyText(from.GetAmount()), moneyText(to.GetAmount()))
	add("Refunded", moneyText(from.GetRefundedAmount()), moneyText(to.GetRefundedAmount()))
	add("Payout", moneyText(from.GetPayout()), moneyText(to.GetPayout()))
	add("Revenue", moneyText(from.GetRevenue()), moneyText(to.GetRevenue()))
	return lines
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// conflicts are reports of the same transaction with another content.
func (p *page) conflicts(c *trackingv1.Conversion, called names) []conflictView {
	var all []conflictView
	for _, one := range c.GetConflicts() {
		view := conflictView{
			Title: format.DateTime(one.GetCreateTime().AsTime(), p.zone), Number: one.GetNumber(),
			IsOpen: one.GetResolution() == trackingv1.ConversionConflict_RESOLUTION_UNSPECIFIED, Outcome: enumWords(one.GetResolution()),
			Resolve: at("reports", "conversions", idOf(c.GetName()), "resolve"),
		}
		for _, f := range []fact{
			{Label: "Amount sent", Value: moneyText(one.GetAmount()), Hint: "Stored: " + orDash(moneyText(c.GetAmount()))},
			{Label: "Code sent", Value: one.GetCouponCode()},
			{Label: "Click sent", Value: one.GetClick()},
			{Label: "Publisher sent", Value: called.of(one.GetPublisher())},
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
