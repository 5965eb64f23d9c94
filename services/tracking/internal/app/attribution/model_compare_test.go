package attribution_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// pageSize makes lists of several pages.
const pageSize = 7

// totals are sums and counts by what they are of.
type totals map[string]int64

func (sum totals) add(s standing, method string) {
	for what, amount := range map[string]cash{"amount": s.amount, "refunded": s.refunded, "payout": s.payout, "revenue": s.revenue} {
		if amount != (cash{}) {
			sum["cents of "+what+" in "+amount.currency] += amount.cents
		}
	}
	coupon := ""
	if s.coupon != nil {
		coupon = s.coupon.name()
	}
	for what, value := range map[string]string{"publisher": s.publisher, "coupon": coupon, "status": s.status, "outcome": s.outcome, "method": method, "reason": s.reason} {
		sum["sales of "+what+" "+value]++
	}
}

// compare compares all that is stored with the model.
func (r *run) compare() {
	conversions := all(r, func(req listing.Request) ([]domain.Conversion, string, error) {
		return r.service.Conversions(r.ctx, req)
	})
	got, want := totals{}, totals{}
	uses := map[string]int{} // by coupon, and by coupon and day
	for _, c := range conversions {
		got.add(r.standingOf(c.State()), string(c.Method))
		if c.Outcome == domain.Attributed && c.Status != domain.StatusRejected {
			uses[c.Coupon]++
			uses[c.Coupon+c.ConversionTime.In(r.zone).Format(time.DateOnly)]++
		}
	}
	for _, s := range r.order {
		want.add(s.standing, s.method)
	}
	if !maps.Equal(got, want) {
		r.fatal("the totals are\n%v\nwant\n%v", got, want)
	}
	if len(conversions) != len(r.order) {
		r.fatal("%d conversions are listed, want %d", len(conversions), len(r.order))
	}
	for at, n := range uses {
		for _, c := range r.coupons {
			most := c.total
			if at != c.name() {
				most = c.daily
			}
			if strings.HasPrefix(at, c.name()) && !c.limitsChanged && most > 0 && n > most {
				r.fatal("%s has %d sales, which is over its limit of %d", at, n, most)
			}
		}
	}
	for _, s := range r.order {
		r.compareHistory(s)
	}
	r.compareJournal()
	r.compareDeliveries()
}

// all returns the rows of all pages of a list.
func all[T any](r *run, list func(listing.Request) ([]T, string, error)) []T {
	var rows []T
	req := listing.Request{Filter: r.mine(), OrderBy: "create_time", PageSize: pageSize}
	for {
		page, next, err := list(req)
		r.must(err)
		rows = append(rows, page...)
		if next == "" {
			return rows
		}
		req.PageToken = next
	}
}

// compareHistory compares a conversion, with all its changes and conflicts.
func (r *run) compareHistory(s *modelSale) {
	c, err := r.service.Conversion(r.ctx, s.id)
	r.must(err)
	r.same(c, s)
	var kinds []string
	history := []standing{s.history[0]}
	for i, change := range c.Changes {
		kinds = append(kinds, string(change.Kind))
		if from := r.standingOf(change.From); from != history[i] || change.Number != i+1 {
			r.fatal("change %d of %s is from\n%s, want\n%s", i+1, s.id, from, history[i])
		}
		history = append(history, r.standingOf(change.To))
	}
	if !slices.Equal(kinds, s.kinds) || !slices.Equal(history, s.history) || c.Revision != int64(1+len(s.kinds)+s.noted) {
		r.fatal("the history of %s is %v\n%v, revision %d; want %v\n%v, and %d conflicts noted", s.id, kinds, history, c.Revision, s.kinds, s.history, s.noted)
	}
	var conflicts []conflict
	for _, found := range c.Conflicts {
		conflicts = append(conflicts, conflict{
			content{strings.ToUpper(found.Code), found.Click, found.Publisher, r.cash(found.Amount)}, found.Count, string(found.Resolution),
		})
	}
	if !slices.Equal(conflicts, s.conflicts) {
		r.fatal("the conflicts of %s are %v, want %v", s.id, conflicts, s.conflicts)
	}
}

// compareJournal checks that there is one entry for each call that passed authentication.
func (r *run) compareJournal() {
	entries := all(r, func(req listing.Request) ([]domain.Postback, string, error) { return r.service.Postbacks(r.ctx, req) })
	if len(entries) != len(r.journal) {
		r.fatal("the journal has %d entries, want %d", len(entries), len(r.journal))
	}
	for i, e := range r.journal {
		text := func(offer, conversion, outcome string, status int, reason string, authenticated bool, replay string) string {
			return fmt.Sprintf("offer %s, conversion %q, %s %d %s, authenticated %v, replay %q", offer, conversion, outcome, status, reason, authenticated, replay)
		}
		p := entries[i]
		replay, conversion := "", ""
		if p.Replay != nil {
			replay = string(p.Replay.Outcome)
		}
		if e.answer.sale != nil {
			conversion = e.answer.sale.id
		}
		got := text(p.Offer, p.Conversion, string(p.Outcome), p.HTTPStatus, p.Reason, p.Authenticated, replay)
		want := text(e.offer.id, conversion, e.answer.outcome, e.answer.status, e.answer.reason, e.authenticated, e.replay)
		if got != want || !p.Time.Equal(e.at) {
			r.fatal("the journal has of %s at %s\n%s\nwant\n%s", e.call, e.at, got, want)
		}
	}
}

// compareDeliveries plans what is to be told, and compares that.
func (r *run) compareDeliveries() {
	for {
		conversions, err := r.store.Unplanned(r.ctx, 100)
		r.must(err)
		if len(conversions) == 0 {
			break
		}
		plans := make([]delivery.Plan, len(conversions))
		for i, c := range conversions {
			publisher := func(id string) (domain.Publisher, bool) {
				p, err := r.Publisher(r.ctx, id)
				return p, err == nil
			}
			plans[i] = delivery.Plan{Conversion: c.ID, Revision: c.Revision, Deliveries: delivery.Planned(c, publisher, r.now)}
		}
		r.must(r.store.Plan(r.ctx, plans))
	}
	var got, want []string
	for _, d := range all(r, func(req listing.Request) ([]delivery.Delivery, string, error) {
		return r.service.Deliveries(r.ctx, req)
	}) {
		got = append(got, d.ID+" "+string(d.Status))
	}
	for _, s := range r.order {
		want = append(want, r.told(s)...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.fatal("the deliveries are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// told returns what publishers are told of a sale: of its creation, and of each change of its status or
// payout; one from whom it is taken, that it is rejected.
func (r *run) told(s *modelSale) []string {
	var told []string
	tell := func(number int, publisher, status string) {
		for _, p := range r.publishers {
			if p.id == publisher && p.url != nil && slices.Contains(p.statuses, domain.Status(status)) && (!p.onlyWithClick || s.ownClick != "" && s.clicker == publisher) {
				told = append(told, s.id+"-"+strconv.Itoa(number)+"-"+publisher+" "+status)
			}
		}
	}
	for i, now := range s.history {
		switch {
		case i == 0:
			tell(i, now.publisher, now.status)
		case s.history[i-1].publisher != now.publisher:
			tell(i, s.history[i-1].publisher, "REJECTED")
			tell(i, now.publisher, now.status)
		case s.history[i-1].status != now.status || s.history[i-1].payout != now.payout:
			tell(i, now.publisher, now.status)
		}
	}
	return told
}
