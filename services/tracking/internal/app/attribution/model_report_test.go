package attribution_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// call is one postback, as an advertiser makes it. A repeat is the same call.
type call struct {
	// offer is the one named; nil: none is.
	offer *worldOffer
	// token is what is sent as one. signed says that a good signature comes with it.
	token  string
	signed bool
	// key is the idempotency key, or the id of the signed message.
	key         string
	code        string
	click       string
	publisher   string
	transaction string
	event       string
	// amount is a decimal; empty: none.
	amount   string
	currency string
	at       time.Time // zero: none is sent
	status   string
	refundID string
	test     bool
}

// params returns the call as it is sent.
func (c call) params() url.Values {
	sent := url.Values{}
	set := func(name, value string) {
		if value != "" {
			sent.Set(name, value)
		}
	}
	if c.offer != nil {
		set("offer_id", c.offer.id)
	}
	set("token", c.token)
	set("coupon_code", c.code)
	set("click_id", c.click)
	set("pub_id", c.publisher)
	set("transaction_id", c.transaction)
	set("event", c.event)
	set("amount", c.amount)
	set("currency", c.currency)
	set("status", c.status)
	set("refund_id", c.refundID)
	if !c.at.IsZero() {
		set("timestamp", c.at.Format(time.RFC3339Nano))
	}
	if c.test {
		set("test", "1")
	}
	return sent
}

func (c call) String() string {
	text := "postback"
	for name, values := range c.params() {
		text += " " + name + "=" + values[0]
	}
	words := strings.Fields(text)
	slices.Sort(words[1:])
	if c.signed {
		words = append(words, "signed")
	}
	if c.key != "" {
		words = append(words, "key="+c.key)
	}
	return strings.Join(words, " ")
}

// malformed says which parameter cannot be read; empty: none.
func (c call) malformed() string {
	if _, err := strconv.ParseFloat(c.amount, 64); c.amount != "" && err != nil {
		return "INVALID_AMOUNT"
	}
	return ""
}

// cash returns the amount sent, in a currency where the call names none.
func (c call) cash(currency string) cash {
	if c.amount == "" {
		return cash{}
	}
	if c.currency != "" {
		currency = c.currency
	}
	units, fraction, _ := strings.Cut(c.amount, ".")
	cents, err := strconv.ParseInt(units+(fraction + "00")[:2], 10, 64)
	if err != nil {
		panic(fmt.Sprintf("the amount %q is not one of a history's", c.amount))
	}
	return cash{currency, cents}
}

// content is what a repeat of the call has too.
func (c call) content(offer *worldOffer) content {
	return content{code: strings.ToUpper(c.code), click: strings.ToLower(c.click), publisher: c.publisher, amount: c.cash(offer.currency)}
}

// dedupeKey is "(offer, event, transaction_id); without a transaction id (offer, event, click_id); with
// neither, an Idempotency-Key header"; empty: none of them.
func (c call) dedupeKey(offer *worldOffer) string {
	event := c.event
	if event == "" {
		event = "sale"
	}
	switch {
	case c.transaction != "":
		return offer.id + "/" + event + "/transaction " + c.transaction
	case c.click != "":
		return offer.id + "/" + event + "/click " + strings.ToLower(c.click)
	case c.key != "":
		return offer.id + "/" + event + "/key " + c.key
	}
	return ""
}

// answer is the answer to a call.
type answer struct {
	outcome string
	status  int
	// reason is why it was refused, or that of the sale.
	reason string
	sale   *modelSale
}

func refused(status int, reason string) answer {
	return answer{outcome: "REJECTED", status: status, reason: reason}
}

// entry is a call in the journal.
type entry struct {
	call          call
	offer         *worldOffer
	authenticated bool
	at            time.Time
	answer        answer
	// reported is when the sale happened.
	reported time.Time
	// replay is the result of the last replay; empty if it was never replayed.
	replay string
	// changed says that it came before its sale, and that the sale's history has it.
	changed bool
}

// settle says whose a call is: the offer, and whether it came with proof.
func (m *model) settle(c call) (offer *worldOffer, authenticated bool, refusal answer) {
	click := m.clickOf(c.click)
	switch having := m.having(nil, c.code); {
	case c.offer != nil:
		offer = c.offer
	case c.token != "":
		if offer = m.offer(func(o *worldOffer) bool { return o.token() == c.token }); offer == nil {
			return nil, false, refused(401, "INVALID_TOKEN")
		}
	case click != nil:
		offer = click.offer
	case len(having) > 0:
		if offer = having[0].offer; slices.ContainsFunc(having, func(other *worldCoupon) bool { return other.offer != offer }) {
			offer = nil
		}
	}
	switch {
	case offer == nil:
		return nil, false, m.unsettled(c)
	case offer.auth == domain.AuthHMAC && !c.signed && c.token == "":
		return nil, false, refused(401, "MISSING_TOKEN")
	case offer.auth == domain.AuthHMAC && !c.signed && c.token != offer.token():
		return nil, false, refused(401, "INVALID_TOKEN")
	case offer.auth == domain.AuthHMAC && !c.signed:
		return nil, false, refused(401, "MISSING_SIGNATURE")
	case offer.auth == domain.AuthHMAC:
		return offer, true, answer{}
	case c.token != "" && c.token != offer.token():
		return nil, false, refused(401, "INVALID_TOKEN")
	case c.token == "" && offer.auth != domain.AuthOpen:
		return nil, false, c.unproven()
	}
	return offer, c.token != "", answer{}
}

// unsettled is the answer to a call that no offer was found for. Only a call without proof that names nothing, or a code
// of several open offers, is told so.
func (m *model) unsettled(c call) answer {
	having := m.having(nil, c.code)
	areOpen := len(having) > 0 && !slices.ContainsFunc(having, func(coupon *worldCoupon) bool { return coupon.offer.auth != domain.AuthOpen })
	if !c.signed && (c.code == "" && c.click == "" || areOpen) {
		return refused(400, "OFFER_NOT_SETTLED")
	}
	return c.unproven()
}

// unproven is the answer to a call without a token that is of use.
func (c call) unproven() answer {
	if c.signed {
		return refused(401, "INVALID_SIGNATURE")
	}
	return refused(401, "MISSING_TOKEN")
}

// postback answers a call and journals it, if it passed authentication.
func (m *model) postback(c call) answer {
	offer, authenticated, refusal := m.settle(c)
	fault := c.malformed()
	if refusal.status != 0 {
		if fault != "" && refusal.reason != "INVALID_TOKEN" && refusal.reason != "INVALID_SIGNATURE" {
			return refused(400, fault)
		}
		return refusal
	}
	e := &entry{call: c, offer: offer, authenticated: authenticated, at: m.now, reported: c.at}
	if c.at.IsZero() {
		e.reported = m.now
	}
	as := live
	if c.test {
		as = tested
	}
	if fault != "" {
		e.answer = refused(400, fault)
	} else {
		e.answer = m.judge(e, as)
	}
	if !c.test {
		m.journal = append(m.journal, e)
	}
	return e.answer
}

// manner is how a call is judged.
type manner int

const (
	live manner = iota
	// tested changes nothing.
	tested
	// replayed can be repeated: what was noted when the call came is not noted again.
	replayed
)

// judge records a sale or changes a known one.
func (m *model) judge(e *entry, as manner) answer {
	stored := m.sales[e.call.dedupeKey(e.offer)]
	if e.call.status != "" {
		switch {
		case !e.authenticated:
			return refused(401, "MISSING_TOKEN")
		case e.call.dedupeKey(e.offer) == "":
			return refused(400, "TRANSACTION_REQUIRED")
		case stored != nil:
			return m.settleStatus(e, stored, as)
		case e.call.status == "approved" && (e.call.code != "" || e.call.click != "" || e.call.amount != ""):
		case as == replayed:
			return refused(400, "TRANSACTION_NOT_FOUND")
		default:
			return m.early(e, as)
		}
	}
	if stored != nil {
		return m.again(e, stored, as)
	}
	made := m.made(e.call, e.offer, e.authenticated, e.reported)
	if as == tested {
		return answer{outcome: "TEST", status: 200}
	}
	m.limited(made)
	m.keep(e, made)
	return outcomeOf(made)
}

// early answers a change of a sale that is not known yet.
func (m *model) early(e *entry, as manner) answer {
	if as == tested {
		return answer{outcome: "TEST", status: 200}
	}
	key := e.call.dedupeKey(e.offer)
	for _, waiting := range m.waiting[key] {
		if w, c := waiting.call, e.call; w.status == c.status && w.refundID == c.refundID && w.cash("") == c.cash("") && (w.amount == "") == (c.amount == "") {
			return answer{outcome: "DUPLICATE", status: 200, reason: "EARLY_CHANGE"}
		}
	}
	m.waiting[key] = append(m.waiting[key], e)
	return answer{outcome: "UNATTRIBUTED", status: 202, reason: "EARLY_CHANGE"}
}

// come makes the changes that came before a sale, in order.
func (m *model) come(key string, s *modelSale) {
	for _, e := range m.waiting[key] {
		changes, noted := len(s.kinds), s.noted
		e.replay = map[string]string{"REJECTED": "REFUSED", "UNATTRIBUTED": "RECORDED", "ATTRIBUTED": "ATTRIBUTED", "DUPLICATE": outcomeOf(s).outcome}[m.settleStatus(e, s, live).outcome]
		if e.replay == "UNATTRIBUTED" {
			e.replay = "RECORDED"
		}
		e.changed = len(s.kinds) > changes || s.noted > noted
	}
	delete(m.waiting, key)
}

// keep stores a new sale.
func (m *model) keep(e *entry, s *modelSale) {
	key := e.call.dedupeKey(e.offer)
	if key == "" {
		m.unnamed++
		key = fmt.Sprint("unnamed ", m.unnamed)
	}
	s.report, s.history = e, []standing{s.standing}
	m.sales[key], m.order = s, append(m.order, s)
	m.come(key, s)
}

// outcomeOf is the answer to what stored or changed a sale.
func outcomeOf(s *modelSale) answer {
	if s.outcome == "ATTRIBUTED" {
		return answer{"ATTRIBUTED", 200, s.reason, s}
	}
	return answer{"UNATTRIBUTED", 202, s.reason, s}
}

// again answers the report of a sale that is known.
func (m *model) again(e *entry, stored *modelSale, as manner) answer {
	reported := e.call.content(e.offer)
	switch {
	case stored.knows(reported) && as == tested:
		return answer{outcome: "TEST", status: 200}
	case stored.knows(reported):
		return answer{"DUPLICATE", 200, stored.reason, stored}
	case as == live:
		stored.note(reported)
	}
	return answer{"REJECTED", 409, "CONVERSION_CONFLICT", stored}
}

// settleStatus changes a known sale's status as a call says.
func (m *model) settleStatus(e *entry, stored *modelSale, as manner) answer {
	currency := stored.amount.currency
	if currency == "" {
		currency = stored.offer.currency
	}
	amount := e.call.cash(currency)
	if e.call.status != "refunded" && e.call.amount != "" && amount != stored.amount && amount != stored.history[0].amount {
		if as == live {
			other := e.call.content(e.offer)
			other.amount = amount
			stored.note(other)
		}
		return answer{"REJECTED", 409, "CONVERSION_CONFLICT", stored}
	}
	target := stored
	if as == tested {
		trial := *stored
		target = &trial
	}
	changed, refusal := m.apply(target, e.call, amount)
	switch {
	case refusal != "":
		return refused(statusOfRefusal(refusal), refusal)
	case as == tested:
		return answer{outcome: "TEST", status: 200}
	case !changed:
		return answer{"DUPLICATE", 200, stored.reason, stored}
	}
	return outcomeOf(stored)
}

func (m *model) apply(s *modelSale, c call, amount cash) (bool, string) {
	switch c.status {
	case "approved":
		return m.approve(s)
	case "rejected":
		return m.reject(s)
	default:
		return m.refund(s, amount, c.refundID)
	}
}

// statusOfRefusal is 409 where the sale stands against it, else 400.
func statusOfRefusal(reason string) int {
	if slices.Contains([]string{"CONVERSION_UNATTRIBUTED", "LIMIT_REACHED", "NO_AMOUNT"}, reason) {
		return 409
	}
	return 400
}

// replay judges an entry again, at its own time, by what is known today.
func (m *model) replay(e *entry) (outcome, reason string) {
	outcome, reason = m.rejudge(e)
	e.replay = outcome
	return outcome, reason
}

func (m *model) rejudge(e *entry) (outcome, reason string) {
	if fault := e.call.malformed(); fault != "" {
		return "REFUSED", fault
	}
	key := e.call.dedupeKey(e.offer)
	stored := m.sales[key]
	if key == "" {
		stored = e.answer.sale
	}
	if e.call.status != "" && (stored == nil || stored.report != e) {
		switch early := e.answer.outcome == "UNATTRIBUTED" && e.answer.reason == "EARLY_CHANGE"; {
		case early && stored == nil:
			return "UNCHANGED", "EARLY_CHANGE"
		case early && !e.changed:
			changes := 0
			if stored != nil {
				changes = len(stored.kinds)
			}
			outcome, reason = m.replayStatus(e)
			e.changed = stored != nil && len(stored.kinds) > changes
			return outcome, reason
		case e.answer.outcome != "REJECTED":
			return "UNCHANGED", "" // it was made when it came
		}
		return m.replayStatus(e)
	}
	anew := m.made(e.call, e.offer, e.authenticated, e.reported)
	switch {
	case !stored.knows(e.call.content(e.offer)):
		return "REFUSED", "CONVERSION_CONFLICT"
	case stored.outcome == "ATTRIBUTED":
		return "UNCHANGED", ""
	case anew.outcome != "ATTRIBUTED":
		return "UNCHANGED", anew.reason
	}
	if _, refusal := m.credit(stored, anew); refusal != "" {
		return "UNCHANGED", refusal
	}
	return "ATTRIBUTED", ""
}

// replayStatus does what a call asked for that was refused.
func (m *model) replayStatus(e *entry) (outcome, reason string) {
	switch again := m.judge(e, replayed); again.outcome {
	case "REJECTED":
		return "REFUSED", again.reason
	case "DUPLICATE":
		return "UNCHANGED", ""
	case "UNATTRIBUTED":
		return "RECORDED", ""
	}
	return "ATTRIBUTED", ""
}
