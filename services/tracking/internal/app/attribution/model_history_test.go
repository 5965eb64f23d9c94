package attribution_test

import (
	"strings"
	"time"

	"pgregory.net/rapid"
)

// operation is one step of a history. Which call, sale, click or coupon it is about is a number that is
// taken modulo how many there are, so that each operation of a history can be left out.
type operation interface{ do(r *run) }

type (
	clickOperation struct {
		coupon, twist int
		named, own    bool
	}
	saleOperation struct {
		coupon, twist, click, publisher int
		named                           bool
		proof                           int
		transaction, key, event         string
		amount, currency                string
		ago                             time.Duration
		status                          string
		test                            bool
	}
	// repeatOperation makes an earlier call again, perhaps with another amount or currency, or with the
	// click's id in capitals.
	repeatOperation struct {
		call             int
		amount, currency string
		capitals         bool
	}
	// statusOperation changes the status of an earlier call's sale.
	statusOperation struct {
		call                               int
		status, refundID, amount, currency string
		unproven, test                     bool
		// transaction is another one than that call's, perhaps of a sale that has not come yet; "" for that call's.
		transaction string
	}
	editOperation struct {
		sale, target             int
		what                     string
		amount, currency, refund string
	}
	replayOperation struct {
		postback int
		filter   string
		dryRun   bool
	}
	worldOperation struct {
		coupon int
		what   string
	}
	passOperation struct{ time time.Duration }
)

const (
	noTwist = iota
	noCode
	unknownCode
	otherCase
	anyCode
	twists
)

func amounts() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"50", "50", "19.99", "100.00", "0.05", "7", "", "0"})
}

func currencies() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "", "", "EUR", "USD", "JPY"})
}

// rarely is true one time of n.
func rarely(t *rapid.T, n int, label string) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}

func anyNumber(t *rapid.T, label string) int { return rapid.IntRange(0, 59).Draw(t, label) }

func twist(t *rapid.T) int {
	if !rarely(t, 3, "twisted") {
		return noTwist
	}
	return rapid.IntRange(noCode, twists-1).Draw(t, "twist")
}

// histories draws a history of some length.
func histories() *rapid.Generator[[]operation] { return rapid.SliceOfN(operations(), 40, 160) }

// operations draws one step.
func operations() *rapid.Generator[operation] {
	return rapid.Custom(func(t *rapid.T) operation {
		switch kind := rapid.IntRange(1, 20).Draw(t, "kind"); {
		case kind <= 6:
			return drawSale(t)
		case kind <= 8:
			return clickOperation{coupon: anyNumber(t, "coupon"), twist: twist(t), named: rapid.Bool().Draw(t, "named"), own: rapid.Bool().Draw(t, "own")}
		case kind <= 10:
			repeat := repeatOperation{call: anyNumber(t, "call"), capitals: rarely(t, 4, "capitals")}
			if rarely(t, 3, "another") {
				repeat.amount, repeat.currency = amounts().Draw(t, "amount"), currencies().Draw(t, "currency")
			}
			return repeat
		case kind <= 13:
			return drawStatus(t)
		case kind <= 16:
			return drawEdit(t)
		case kind == 17:
			return passOperation{rapid.SampledFrom([]time.Duration{time.Minute, 20 * time.Minute, 70 * time.Minute, 25 * time.Hour}).Draw(t, "time")}
		case kind == 18:
			return replayOperation{
				postback: anyNumber(t, "postback"), dryRun: rarely(t, 4, "dry run"),
				filter: rapid.SampledFrom([]string{"", "", `outcome = UNATTRIBUTED`, `reason = "LIMIT_REACHED"`, `outcome = REJECTED`}).Draw(t, "filter"),
			}
		default:
			return worldOperation{anyNumber(t, "coupon"), rapid.SampledFrom(worldChanges()).Draw(t, "change")}
		}
	})
}

func drawSale(t *rapid.T) operation {
	s := saleOperation{
		coupon: anyNumber(t, "coupon"), twist: twist(t), click: rapid.IntRange(0, 11).Draw(t, "click"), named: rapid.Bool().Draw(t, "named"),
		amount: amounts().Draw(t, "amount"), currency: currencies().Draw(t, "currency"),
		transaction: rapid.SampledFrom([]string{"T1", "T2", "T3", "T4", "T5", ""}).Draw(t, "transaction"),
		ago:         rapid.SampledFrom([]time.Duration{0, 0, 0, 10 * time.Minute, 90 * time.Minute, 26 * time.Hour}).Draw(t, "ago"),
		key:         rapid.SampledFrom([]string{"", "", "K1", "K2"}).Draw(t, "key"),
	}
	if rarely(t, 6, "publisher named") {
		s.publisher = 1 + rapid.IntRange(0, 3).Draw(t, "publisher")
	}
	if rarely(t, 8, "odd proof") {
		s.proof = 1 + rapid.IntRange(0, 1).Draw(t, "proof")
	}
	if rarely(t, 8, "lead") {
		s.event = "lead"
	}
	if rarely(t, 6, "approved at once") {
		s.status = "approved"
	}
	if rarely(t, 20, "malformed") {
		s.amount = "1,5"
	}
	s.test = rarely(t, 20, "test")
	return s
}

func drawStatus(t *rapid.T) operation {
	s := statusOperation{call: anyNumber(t, "call"), status: rapid.SampledFrom([]string{"approved", "rejected", "refunded"}).Draw(t, "status")}
	if rarely(t, 2, "with amount") {
		s.amount, s.currency = amounts().Draw(t, "amount"), currencies().Draw(t, "currency")
	}
	if s.status == "refunded" {
		s.refundID = rapid.SampledFrom([]string{"", "", "R1", "R2"}).Draw(t, "refund")
	}
	s.unproven, s.test = rarely(t, 12, "unproven"), rarely(t, 12, "test")
	if rarely(t, 3, "of another") {
		s.transaction = rapid.SampledFrom([]string{"T1", "T2", "T3", "T4", "T5"}).Draw(t, "transaction")
	}
	return s
}

func drawEdit(t *rapid.T) operation {
	return editOperation{
		sale: anyNumber(t, "sale"), target: anyNumber(t, "target"),
		what:   rapid.SampledFrom([]string{"approve", "reject", "adjust", "refund", "reassign", "assign", "accept", "dismiss"}).Draw(t, "what"),
		amount: amounts().Draw(t, "amount"), currency: currencies().Draw(t, "currency"),
		refund: rapid.SampledFrom([]string{"", "", "R1", "R2"}).Draw(t, "refund"),
	}
}

func worldChanges() []string {
	return []string{"create", "create", "disable", "enable", "limit", "lift", "block", "approve", "pause", "activate", "payout"}
}

// do changes a coupon, or what it hangs on, in the world that the product and the model look at.
func (o worldOperation) do(r *run) {
	c := r.coupons[o.coupon%len(r.coupons)]
	at := c.offer.id + "/" + c.publisher
	r.step("%s of %s", o.what, c.name())
	switch o.what {
	case "create": // approves the publisher too
		c.created, r.approved[at] = true, true
	case "disable", "enable":
		c.enabled = o.what == "enable"
		c.revision++
	case "limit":
		c.total, c.daily, c.limitsChanged = 1+o.coupon%3, o.coupon%2, true
		c.revision++
	case "lift":
		c.total, c.daily, c.limitsChanged = 0, 0, true
		c.revision++
	case "block", "approve":
		r.approved[at] = o.what == "approve"
	case "pause", "activate":
		c.offer.active = o.what == "activate"
	case "payout":
		c.offer.payout.percent = (c.offer.payout.percent + 100_000) % 1_000_000
		c.offer.revision++
	}
}

func (o passOperation) do(r *run) {
	r.step("%s pass", o.time)
	r.now = r.now.Add(o.time)
}

// link returns the code and the offer that a click or a sale is about.
func (r *run) link(coupon, twist int) (offer *worldOffer, code string) {
	c := r.coupons[coupon%len(r.coupons)]
	switch twist {
	case noCode:
		return c.offer, ""
	case unknownCode:
		return c.offer, "NOSUCH"
	case otherCase:
		return c.offer, strings.ToLower(c.code)
	case anyCode:
		return r.offers[(coupon/len(r.coupons))%len(r.offers)], c.code
	}
	return c.offer, c.code
}
