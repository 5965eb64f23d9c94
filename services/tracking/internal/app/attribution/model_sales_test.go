package attribution_test

import (
	"slices"
	"strings"
	"time"
)

// standing is what can change of a sale.
type standing struct {
	status    string
	outcome   string
	reason    string
	publisher string
	coupon    *worldCoupon
	amount    cash
	refunded  cash
	payout    cash
	revenue   cash
}

// content is what a sale was reported with, but for its time.
type content struct {
	code      string
	click     string
	publisher string
	amount    cash
}

// modelSale is a sale as the model keeps it.
type modelSale struct {
	standing
	// id is what the product calls it.
	id      string
	offer   *worldOffer
	content content
	method  string
	// ownClick is the own click id of a publisher, the clicker.
	ownClick, clicker string
	at                time.Time
	// report is the call that made it.
	report *entry
	// payouts and revenues are the shares that the payout and the revenue are computed from.
	payouts  share
	revenues share
	// history is how it stood at first and after each change, kinds are what the changes were.
	history []standing
	kinds   []string
	refunds []refund
	// conflicts are in order of arrival; noted counts how often a conflict was noted.
	conflicts []conflict
	noted     int
}

type refund struct {
	id     string
	amount cash
	all    bool
}

type conflict struct {
	content    content
	count      int
	resolution string
}

// holds returns the coupon that a sale holds a use of.
func (s *modelSale) holds() *worldCoupon {
	if s.outcome != "ATTRIBUTED" || s.status == "REJECTED" {
		return nil
	}
	return s.coupon
}

// conflicted says whether a conflict waits.
func (s *modelSale) conflicted() bool {
	return slices.ContainsFunc(s.conflicts, func(c conflict) bool { return c.resolution == "" })
}

// knows reports whether a content repeats the sale, as reported or with its present amount.
func (s *modelSale) knows(reported content) bool {
	now := s.content
	now.amount = s.amount
	return reported == now || s.content == reported || slices.ContainsFunc(s.conflicts, func(c conflict) bool {
		return c.resolution == "ACCEPTED" && c.content == reported
	})
}

// note keeps another content with the sale.
func (s *modelSale) note(reported content) {
	s.noted++
	for i := range s.conflicts {
		if s.conflicts[i].content == reported {
			s.conflicts[i].count++
			return
		}
	}
	s.conflicts = append(s.conflicts, conflict{content: reported, count: 1})
}

// reckon sets what is due: nothing for a rejected or fully refunded sale.
func (s *modelSale) reckon() {
	s.payout, s.revenue = cash{}, cash{}
	left := s.amount.less(s.refunded)
	if s.status == "REJECTED" || s.refunded != (cash{}) && left.cents == 0 || s.amount == (cash{}) && len(s.refunds) > 0 {
		return
	}
	s.revenue, _ = s.revenues.of(left)
	if s.outcome == "ATTRIBUTED" {
		s.payout, _ = s.payouts.of(left)
	}
}

// earns is what a publisher earns by a coupon, which may be nil: the coupon's own, else the approval's,
// else the offer's.
func (w *world) earns(offer *worldOffer, publisher string, coupon *worldCoupon) share {
	if coupon != nil && coupon.payout != (share{}) {
		return coupon.payout
	}
	if own := w.shares[offer.id+"/"+publisher]; own != (share{}) {
		return own
	}
	return offer.payout
}

// model is the naive tracking service: all sales ever made, by their dedupe keys.
type model struct {
	*world
	sales map[string]*modelSale
	// waiting are the changes that came before their sales, by the dedupe keys of those.
	waiting map[string][]*entry
	// order has them in order of arrival.
	order   []*modelSale
	clicks  []modelClick
	journal []*entry
	// unnamed counts the sales without any key.
	unnamed int
}

// room says whether a coupon's limits allow one more sale of a time.
func (m *model) room(c *worldCoupon, at time.Time) bool {
	all, ofDay := m.used(c, at)
	return (c.total == 0 || all < c.total) && (c.daily == 0 || ofDay < c.daily)
}

// used counts the uses of a coupon, and those of the day of a time.
func (m *model) used(c *worldCoupon, at time.Time) (all, ofDay int) {
	day := func(t time.Time) string { return t.In(m.zone).Format(time.DateOnly) }
	for _, s := range m.order {
		if s.holds() != c {
			continue
		}
		all++
		if day(s.at) == day(at) {
			ofDay++
		}
	}
	return all, ofDay
}

// made returns the sale that a call makes of an offer by what is known now, whatever the limits are.
func (m *model) made(c call, offer *worldOffer, authenticated bool, at time.Time) *modelSale {
	earned := m.attribute(m.claim(c, offer, at))
	s := &modelSale{offer: offer, content: c.content(offer), method: earned.method, at: at, revenues: offer.revenue}
	s.amount, s.status, s.outcome, s.reason = c.cash(offer.currency), "PENDING", "UNATTRIBUTED", earned.reason
	_, unsure := s.revenues.of(s.amount)
	if earned.publisher == "" {
		s.reckon()
		return s
	}
	if earned.click {
		s.ownClick, s.clicker = m.clickOf(c.click).own, earned.publisher
	}
	s.outcome, s.publisher, s.coupon = "ATTRIBUTED", earned.publisher, earned.coupon
	s.payouts = m.earns(offer, earned.publisher, earned.coupon)
	_, unsurePayout := s.payouts.of(s.amount)
	if authenticated && !unsure && !unsurePayout {
		s.status = m.startOf(c, offer, earned.coupon)
	}
	s.reckon()
	return s
}

// limited holds a new sale whose coupon has no use left.
func (m *model) limited(s *modelSale) {
	held := s.holds()
	if held == nil || m.room(held, s.at) {
		return
	}
	s.status, s.outcome, s.reason, s.method, s.publisher, s.coupon = "PENDING", "UNATTRIBUTED", "LIMIT_REACHED", "", "", nil
	s.reckon()
}

func (m *model) startOf(c call, offer *worldOffer, coupon *worldCoupon) string {
	switch {
	case c.status == "approved":
		return "APPROVED"
	case coupon != nil && coupon.start != "":
		return coupon.start
	}
	return offer.start
}

func (m *model) claim(c call, offer *worldOffer, at time.Time) claim {
	return claim{offer: offer, code: c.code, publisher: c.publisher, clickID: c.click, click: m.clickOf(c.click), at: at}
}

// clickOf returns the click that has an id; nil: none.
func (m *model) clickOf(id string) *modelClick {
	for i := range m.clicks {
		if strings.EqualFold(m.clicks[i].id, id) {
			return &m.clicks[i]
		}
	}
	return nil
}

// change does something to a sale and keeps it in its history. It says whether anything was changed, else
// why it was refused, if it was.
func (m *model) change(s *modelSale, kind string, do func(*modelSale) (bool, string)) (bool, string) {
	after := *s
	after.refunds, after.conflicts = slices.Clone(s.refunds), slices.Clone(s.conflicts)
	changed, refused := do(&after)
	if !changed || refused != "" {
		return false, refused
	}
	if held := after.holds(); held != nil && held != s.holds() && !m.room(held, after.at) {
		return false, "LIMIT_REACHED"
	}
	after.history = append(slices.Clone(s.history), after.standing)
	after.kinds = append(slices.Clone(s.kinds), kind)
	*s = after
	return true, ""
}

func (m *model) approve(s *modelSale) (bool, string) {
	return m.change(s, "APPROVE", func(s *modelSale) (bool, string) {
		if s.outcome != "ATTRIBUTED" {
			return false, "CONVERSION_UNATTRIBUTED"
		}
		was := s.status
		s.status = "APPROVED"
		s.reckon()
		return was != "APPROVED", ""
	})
}

func (m *model) reject(s *modelSale) (bool, string) {
	return m.change(s, "REJECT", func(s *modelSale) (bool, string) {
		was := s.status
		s.status = "REJECTED"
		s.reckon()
		return was != "REJECTED", ""
	})
}

func (m *model) adjust(s *modelSale, amount cash) (bool, string) {
	return m.change(s, "ADJUST", func(s *modelSale) (bool, string) { return s.set(amount) })
}

func (s *modelSale) set(amount cash) (bool, string) {
	switch {
	case amount == s.amount:
		return false, ""
	case s.refunded != (cash{}) && amount.currency != s.refunded.currency:
		return false, "CURRENCY_MISMATCH"
	case s.refunded != (cash{}) && amount.cents < s.refunded.cents:
		return false, "LESS_THAN_REFUNDED"
	}
	if s.amount == (cash{}) && len(s.refunds) > 0 {
		s.refunded = amount
	}
	s.amount = amount
	s.reckon()
	return true, ""
}

// refund gives an amount back; none: all that is left.
func (m *model) refund(s *modelSale, amount cash, id string) (bool, string) {
	return m.change(s, "REFUND", func(s *modelSale) (bool, string) {
		if s.amount == (cash{}) && amount.cents == 0 {
			amount = cash{}
		}
		for _, earlier := range s.refunds {
			switch {
			case earlier.id != id:
			case earlier.amount == amount, earlier.all && amount == (cash{}):
				return false, ""
			case id != "":
				return false, "REFUND_ID_TAKEN"
			}
		}
		left := s.amount.less(s.refunded)
		switch whole := amount == (cash{}); {
		case whole && s.amount == (cash{}) && len(s.refunds) > 0, whole && left.cents == 0 && s.refunded != (cash{}):
			return false, ""
		case whole && s.amount == (cash{}):
			s.refunds = append(s.refunds, refund{id, amount, true})
			s.reckon()
			return true, ""
		case s.amount == (cash{}):
			return false, "NO_AMOUNT"
		case whole:
			amount = left
		}
		switch {
		case amount.currency != s.amount.currency:
			return false, "CURRENCY_MISMATCH"
		case amount.cents == 0 && left.cents > 0:
			return false, "INVALID_AMOUNT"
		case amount.cents > left.cents:
			return false, "REFUND_TOO_LARGE"
		}
		s.refunded = cash{s.amount.currency, s.refunded.cents + amount.cents}
		s.refunds = append(s.refunds, refund{id, amount, amount == left})
		s.reckon()
		return true, ""
	})
}

// reassign credits a publisher, by a coupon or by none, at what that earns today.
func (m *model) reassign(s *modelSale, publisher string, coupon *worldCoupon) (bool, string) {
	return m.change(s, "REASSIGN", func(s *modelSale) (bool, string) {
		if s.outcome == "ATTRIBUTED" && s.publisher == publisher && s.coupon == coupon {
			return false, ""
		}
		s.outcome, s.method, s.reason, s.publisher, s.coupon = "ATTRIBUTED", "MANUAL", "", publisher, coupon
		s.payouts, s.revenues = m.earns(s.offer, publisher, coupon), s.offer.revenue
		s.reckon()
		return true, ""
	})
}

// resolve settles the n-th conflict, counted from 1.
func (m *model) resolve(s *modelSale, n int, resolution string) (bool, string) {
	return m.change(s, "RESOLVE", func(s *modelSale) (bool, string) {
		if n > len(s.conflicts) {
			return false, "CONFLICT_NOT_FOUND"
		}
		found := &s.conflicts[n-1]
		if found.resolution == resolution {
			return false, ""
		}
		if found.resolution != "" {
			return false, "CONFLICT_RESOLVED"
		}
		if resolution == "ACCEPTED" {
			if _, refused := s.set(found.content.amount); refused != "" {
				return false, refused
			}
		}
		found.resolution = resolution
		return true, ""
	})
}

// credit gives a held sale to the publisher who would get it from the same report today. It keeps what was
// adjusted and refunded, and a rejection.
func (m *model) credit(s, anew *modelSale) (bool, string) {
	return m.change(s, "REPLAY", func(s *modelSale) (bool, string) {
		s.outcome, s.method, s.reason, s.publisher, s.coupon = anew.outcome, anew.method, anew.reason, anew.publisher, anew.coupon
		s.payouts, s.revenues, s.ownClick, s.clicker = anew.payouts, anew.revenues, anew.ownClick, anew.clicker
		if s.status == "PENDING" {
			s.status = anew.status
		}
		s.reckon()
		return true, ""
	})
}
