package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// sales decides about sales in the console: one that was credited, and one that nobody was.
func (s *suite) sales(t *testing.T) {
	p := startProduct(t, s.binary)
	p.program()
	p.api(http.MethodPost, "/v1/publishers?publisher_id=33", `{"displayName": "Trail Tom"}`)
	p.api(http.MethodPost, "/v1/publishers?publisher_id=44", `{"displayName": "Nora New"}`)
	for publisher, code := range map[string]string{"22": "SALEXYZ20", "33": "TOM20", "44": "NORA20"} {
		p.api(http.MethodPost, "/v1/offers/10/coupons", fmt.Sprintf(`{"code": %q, "publisher": "publishers/%s"}`, code, publisher))
	}
	p.api(http.MethodPost, "/v1/offers/10/approvals/44:block", "{}")
	p.sale("SALEXYZ20", "A-1001", "ATTRIBUTED")
	p.sale("NORA20", "N-2002", "UNATTRIBUTED")
	b := s.newTab(t, p.site)
	b.logIn()
	t.Run("decisions", func(t *testing.T) { b.on(t).decideSale(p) })
	t.Run("replay", func(t *testing.T) { b.on(t).replaySale(p) })
	t.Run("replay of many", func(t *testing.T) { b.on(t).replayMany(p) })
}

// sale reports a sale as an advertiser does.
func (p *product) sale(code, order, outcome string) {
	p.t.Helper()
	token := p.api(http.MethodGet, "/v1/offers/10", "")["postbackToken"].(string)
	_, answer, err := p.request(http.MethodGet, "/postback?"+url.Values{
		"coupon_code": {code}, "transaction_id": {order}, "amount": {"59.90"}, "currency": {"USD"}, "token": {token},
	}.Encode(), "")
	if err != nil || !strings.Contains(answer, `"`+outcome+`"`) {
		p.t.Fatalf("the sale %s was answered by %s %v, want %s", order, answer, err, outcome)
	}
}

// conversion is the sale of an order, as the API has it.
func (p *product) conversion(order string) map[string]any {
	p.t.Helper()
	list, _ := p.api(http.MethodGet, "/v1/conversions?filter="+url.QueryEscape(`transaction_id = "`+order+`"`), "")["conversions"].([]any)
	if len(list) != 1 {
		p.t.Fatalf("there are %d conversions of %s", len(list), order)
	}
	return list[0].(map[string]any)
}

// submit is a form's button; the summary that unfolds the form may be called the same.
func submit(name string) want { return want{roles: []string{"button"}, name: name} }

// decideSale approves, rejects, reassigns and refunds a sale, and decides again upon an older state.
func (b *tab) decideSale(p *product) {
	b.t.Helper()
	b.openSale("A-1001")
	b.see(text(fmt.Sprint(p.conversion("A-1001")["explanation"])))
	b.see(text("SALEXYZ20").in(want{roles: []string{"table"}, name: "Coupons considered"}))
	second := b.sibling()
	second.open(b.address())
	b.press(button("Approve"))
	b.see(text("Conversion approved."))
	b.history("Approved", "Status: Pending → Approved")
	b.missing(submit("Approve"))
	second.decidesTooLate(p)
	b.rejectSale(p)
	b.reassignSale()
	b.refundSale()
	b.audit("a conversion with a history")
	b.screenshot("conversion-history")

	b.press(link("Conversion Report").in(want{roles: []string{"navigation"}}))
	for _, cell := range []string{"Trail Tom", "TOM20", "Approved", "$59.90"} {
		b.see(text(cell).in(row("A-1001")))
	}
	b.back()
	b.see(heading("Conversion A-1001"))
}

// openSale opens a sale from its row of the report.
func (b *tab) openSale(order string) {
	b.t.Helper()
	b.press(link("Conversion Report"))
	b.press(want{roles: []string{"link"}}.in(want{roles: []string{"cell", "gridcell", "rowheader"}}.in(row(order))))
	b.see(heading("Conversion " + order))
}

// history waits until the latest line of the history has a title and says something.
func (b *tab) history(title string, said ...string) {
	b.t.Helper()
	latest := want{roles: []string{"listitem"}}.in(want{roles: []string{"list"}}.in(region("History")))
	b.see(heading(title).in(latest))
	for _, text := range said {
		b.see(want{roles: []string{"StaticText"}, text: text}.in(latest))
	}
}

// decidesTooLate rejects what another tab has just approved: it is told, and nothing is done.
func (b *tab) decidesTooLate(p *product) {
	b.t.Helper()
	b.expected = append(b.expected, "status of 409")
	b.press(button("Reject"))
	b.fill("Reason", "returned")
	b.press(submit("Reject"))
	b.see(text("Somebody else has changed this conversion since you opened it."))
	b.hasValue("Reason", "returned")
	b.history("Approved")
	b.audit("a decision that came too late")
	b.screenshot("conversion-conflict")
	if status := p.conversion("A-1001")["status"]; status != "APPROVED" {
		b.t.Errorf("the decision that came too late made the sale %v", status)
	}
}

// rejectSale rejects without a reason, which is refused, then with one, and takes it back.
func (b *tab) rejectSale(p *product) {
	b.t.Helper()
	b.press(button("Reject"))
	b.press(submit("Reject"))
	b.hasFocus("Reason")
	if said := eval[string](b, `document.getElementById(document.activeElement.getAttribute('aria-describedby').split(' ').at(-1)).innerText`); said == "" {
		b.t.Error("nothing is said beside the missing reason")
	}
	for _, fault := range b.watch.takeFaults("status of 422") {
		b.t.Errorf("the browser complained: %s", fault)
	}
	b.fill("Reason", "sent back by the shopper")
	b.press(submit("Reject"))
	b.see(text("Conversion rejected."))
	b.history("Rejected", "Status: Approved → Rejected", "sent back by the shopper")
	b.see(text("Rejected because"))
	if c := p.conversion("A-1001"); c["status"] != "REJECTED" || c["statusReason"] != "sent back by the shopper" {
		b.t.Errorf("the sale is %v because of %v", c["status"], c["statusReason"])
	}
	b.press(button("Undo"))
	b.history("Approved", "Status: Rejected → Approved")
}

func (b *tab) reassignSale() {
	b.t.Helper()
	b.press(button("Reassign"))
	b.pick("Coupon", "TOM", "TOM20 of Trail Tom")
	b.fill("Reason", "Tom sold it")
	b.press(submit("Reassign"))
	b.see(text("Conversion reassigned."))
	b.history("Reassigned", "Publisher: Mia Runs → Trail Tom", "Coupon: SALEXYZ20 → TOM20", "Tom sold it")
}

func (b *tab) refundSale() {
	b.t.Helper()
	b.press(button("Refund"))
	b.fill("Amount", "10")
	b.fill("Refund id", "R-1")
	b.fill("Reason", "one shoe was torn")
	b.press(submit("Note the refund"))
	b.press(button("Go on").in(want{roles: []string{"dialog"}}))
	b.see(text("Refund noted."))
	b.history("Refunded", "Refunded: – → $10.00", "one shoe was torn")
}

// replaySale looks at a sale that nobody was credited with, fixes the cause, and replays its postback.
func (b *tab) replaySale(p *product) {
	b.t.Helper()
	b.openPostback("N-2002")
	b.see(text("Not approved").in(region("Verdict")))
	b.press(button("See what a replay would do"))
	b.see(text("Unchanged"))
	b.missing(submit("Replay now"))

	other := b.sibling()
	other.open("/console/offers")
	other.press(link("Running shoes").in(row("Running shoes")))
	other.press(link("Publishers").in(tabs()))
	other.press(button("Approve").in(row("Nora New")))
	other.see(text("Approved").in(row("Nora New")))

	b.press(button("Look again"))
	b.see(text("Nora New").in(region("Replay")))
	b.audit("what a replay would do")
	b.screenshot("postback-replay")
	if c := p.conversion("N-2002"); c["outcome"] != "UNATTRIBUTED" {
		b.t.Errorf("only having been looked at, the sale is %v", c["outcome"])
	}
	b.press(submit("Replay now"))
	b.see(text("Replayed: Attributed."))
	b.press(link("Open the conversion"))
	b.see(heading("Conversion N-2002"))
	b.history("Attributed by a replay of its postback", "→ Nora New")
	b.press(link("Conversion Report").in(want{roles: []string{"navigation"}}))
	b.see(text("Nora New").in(row("N-2002")))
}

// replayMany finds the sales with a code that nobody knew, creates its coupon, and replays them together.
func (b *tab) replayMany(p *product) {
	b.t.Helper()
	orders := []string{"L-1", "L-2", "L-3"}
	for _, order := range orders {
		p.sale("LATE20", order, "UNATTRIBUTED")
	}
	b.press(link("Postback Log"))
	b.missing(button("Replay all of these"))
	b.choose("Reason", "Unknown code")
	b.press(submit("Filter"))
	b.press(button("Replay all of these"))
	b.see(heading("A replay would change nothing"))
	b.press(link("Cancel"))

	p.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "LATE20", "publisher": "publishers/22", "startTime": "2026-01-01T00:00:00Z"}`)
	b.press(button("Replay all of these"))
	b.see(heading("Replay 3 postbacks?"))
	b.see(text("3 sales would be credited to a publisher."))
	b.audit("what a replay of many would do")
	b.screenshot("postbacks-replay")
	if c := p.conversion("L-2"); c["outcome"] != "UNATTRIBUTED" {
		b.t.Errorf("only having been looked at, the sale is %v", c["outcome"])
	}
	b.press(submit("Replay 3"))
	b.see(text("3 sales are credited to a publisher."))
	for _, order := range orders {
		b.see(text("Attributed by replay").in(row(order)))
		if c := p.conversion(order); c["publisher"] != "publishers/22" {
			b.t.Errorf("after the replay %s is %v's", order, c["publisher"])
		}
	}
}

func (b *tab) openPostback(order string) {
	b.t.Helper()
	b.press(link("Postback Log"))
	b.press(want{roles: []string{"link"}}.in(want{roles: []string{"cell", "gridcell", "rowheader"}}.in(row(order))))
	b.see(heading("Postback of…"))
}
