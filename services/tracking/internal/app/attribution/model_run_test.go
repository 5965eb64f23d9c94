package attribution_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// run is a history being played to the product and to the model.
type run struct {
	*model
	ctx     context.Context
	service *service
	store   storetest.Store
	steps   []string
	calls   []call
}

// difference is what the product and the model do not agree on.
type difference struct {
	// kind is the same whatever ids there are.
	kind string
	text string
	// steps are those of the history up to it, in words.
	steps []string
}

// play plays a history and then compares the two; nil: they agree.
func play(ctx context.Context, store storetest.Store, w *world, history []operation) (found *difference) {
	r := &run{ctx: ctx, store: store, model: &model{world: w, sales: map[string]*modelSale{}, waiting: map[string][]*entry{}}}
	r.service = serve(attribution.Config{
		Store: store, Catalog: w, Now: func() time.Time { return w.now }, Zone: w.zone, Wake: func() {},
	})
	defer func() {
		if reason := recover(); reason != nil {
			stopped, ok := reason.(*difference)
			if !ok {
				panic(reason)
			}
			found = stopped
		}
	}()
	for _, operation := range history {
		w.now = w.now.Add(time.Second)
		operation.do(r)
	}
	r.compare()
	return nil
}

// shortened leaves out of a history what a failure does not need.
func shortened(history []operation, fails func([]operation) bool) []operation {
	for size := max(len(history)/2, 1); size >= 1; size /= 2 {
		for at := 0; at+size <= len(history); {
			if shorter := slices.Concat(history[:at], history[at+size:]); fails(shorter) {
				history = shorter
			} else {
				at += size
			}
		}
	}
	return history
}

func (r *run) step(format string, args ...any) {
	r.steps = append(r.steps, r.now.Format("02 15:04:05  ")+fmt.Sprintf(format, args...))
}

// fatal ends the history: play returns why.
func (r *run) fatal(format string, args ...any) {
	panic(&difference{kind: format, text: fmt.Sprintf(format, args...), steps: r.steps})
}

// must ends the history for an error that no answer to it has.
func (r *run) must(err error) {
	if err != nil {
		r.fatal("%v", err)
	}
}

func (o clickOperation) do(r *run) {
	offer, code := r.link(o.coupon, o.twist)
	publisher, own := "", ""
	if o.named {
		publisher = r.coupons[o.coupon%len(r.coupons)].publisher
	}
	if o.own {
		own = "own"
	}
	r.step("click offer_id=%s pub_id=%s coupon_code=%s", offer.id, publisher, code)
	location, err := r.service.Click(r.ctx, clicks.Visit{Link: partner.Visited{Link: trackinglink.Link{Offer: offer.id, Publisher: publisher, CouponCode: code, PubClickID: own}}})
	r.must(err)
	_, rest, _ := strings.Cut(location, "click=")
	click := r.click(offer, publisher, code, own)
	click.id, _, _ = strings.Cut(rest, "&")
	r.clicks = append(r.clicks, click)
}

func (o saleOperation) do(r *run) {
	offer, code := r.link(o.coupon, o.twist)
	c := call{
		code: code, transaction: o.transaction, event: o.event, amount: o.amount, currency: o.currency, status: o.status, key: o.key, test: o.test,
	}
	if o.named {
		c.offer = offer
	}
	if o.publisher > 0 {
		c.publisher = r.publishers[o.publisher-1].id
	}
	if o.ago > 0 {
		c.at = r.now.Add(-o.ago)
	}
	switch n := len(r.clicks); {
	case o.click == 4:
		c.click = "zzz"
	case o.click == 5:
		c.click = "01939f2e-2c66-7c1f-8d4b-5a3f1c2e9b70"
	case o.click > 5 && n > 0:
		c.click = r.clicks[n-1-(o.click-6)%n].id
	}
	r.prove(&c, offer, o.proof)
	r.calls = append(r.calls, c)
	r.report(c)
}

// prove adds to a call what its offer takes for proof: a good one, none, or a wrong one.
func (r *run) prove(c *call, offer *worldOffer, proof int) {
	switch {
	case proof == 1:
	case proof == 2:
		c.token = "nonsense"
	case offer.auth == domain.AuthHMAC:
		c.signed = true
		if c.key == "" {
			c.key = fmt.Sprint("message ", len(r.calls)) // each message has an id
		}
	case offer.auth == domain.AuthToken || c.offer == nil:
		c.token = offer.token()
	}
}

func (o repeatOperation) do(r *run) {
	if len(r.calls) == 0 {
		return
	}
	c := r.calls[o.call%len(r.calls)]
	if o.amount != "" {
		c.amount, c.currency = o.amount, o.currency
	}
	if o.capitals && c.click != "zzz" {
		c.click = strings.ToUpper(c.click)
	}
	r.report(c)
}

func (o statusOperation) do(r *run) {
	if len(r.calls) == 0 {
		return
	}
	of := r.calls[o.call%len(r.calls)]
	c := call{
		offer: of.offer, token: of.token, signed: of.signed, key: of.key, code: of.code, click: of.click, transaction: of.transaction, event: of.event,
		amount: o.amount, currency: o.currency, status: o.status, refundID: o.refundID, test: o.test,
	}
	if o.transaction != "" {
		c.code, c.click, c.transaction = "", "", o.transaction
	}
	if o.unproven {
		c.token, c.signed = "", false
	}
	r.report(c)
}

// report makes a call and compares the answers.
func (r *run) report(c call) {
	r.step("%s", c)
	report, fault := partner.ParsePostback(c.params(), r.now)
	report.IdempotencyKey = c.key
	if c.signed {
		report.Proof = signedAt(c.key, r.now)
	}
	how := &attribution.Call{Method: http.MethodGet, Parameters: partner.HideProof(c.params(), nil), Received: r.now, Status: statusOf}
	var verdict attribution.Verdict
	var err error
	if fault != nil {
		err = r.service.Refuse(r.ctx, report, how, fault)
	} else {
		verdict, err = r.service.Report(r.ctx, report, how)
	}
	_, authenticated, refusal := r.settle(c)
	want := r.postback(c)
	got := answer{outcome: "REJECTED", reason: reasonOf(err)}
	switch {
	case err != nil:
		got.status = statusOf(err)
	default:
		got = answer{outcome: string(verdict.Outcome), status: http.StatusOK, reason: string(verdict.Conversion.Reason)}
		if verdict.Outcome == attribution.Unattributed {
			got.status = http.StatusAccepted
		}
	}
	if !authenticated && refusal.status == 0 && (want.status < 400 || want.reason == "CONVERSION_CONFLICT") {
		r.toldStranger(want, got, verdict)
		return
	}
	if got.outcome != want.outcome || got.status != want.status || got.reason != want.reason && want.outcome != "TEST" {
		r.fatal("the answer is %s %d %s (%v), want %s %d %s", got.outcome, got.status, got.reason, err, want.outcome, want.status, want.reason)
	}
	if err == nil && want.sale != nil {
		if want.sale.id == "" {
			want.sale.id = verdict.Conversion.ID
		}
		r.same(verdict.Conversion, want.sale)
	}
}

// toldStranger compares the answer to a call without proof, which is that to a first report whatever is stored.
func (r *run) toldStranger(want, got answer, verdict attribution.Verdict) {
	stored := want.outcome == "DUPLICATE" || want.reason == "CONVERSION_CONFLICT" || want.reason == "LIMIT_REACHED"
	if got.status >= 400 || !stored && (got.outcome != want.outcome || got.status != want.status) || verdict.Conversion.Publisher != "" {
		r.fatal("a stranger is told %s %d %s of %q, want %s %d", got.outcome, got.status, got.reason, verdict.Conversion.Publisher, want.outcome, want.status)
	}
	if want.sale != nil && want.sale.id == "" {
		want.sale.id = verdict.Conversion.ID
	}
}

// statusOf is the status with which the edge answers an error.
func statusOf(err error) int {
	switch e := apperr.As(err); {
	case e == nil:
		return http.StatusServiceUnavailable
	case e.Kind == apperr.InvalidArgument:
		return http.StatusBadRequest
	case e.Kind == apperr.Unauthenticated:
		return http.StatusUnauthorized
	case e.Kind == apperr.Aborted, e.Kind == apperr.FailedPrecondition:
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

func (o editOperation) do(r *run) {
	if len(r.order) == 0 {
		return
	}
	s := r.order[o.sale%len(r.order)]
	coupon := r.coupons[o.target%len(r.coupons)]
	publisher := r.publishers[o.target%len(r.publishers)].id
	currency := s.amount.currency
	if currency == "" {
		currency = s.offer.currency
	}
	sent := call{amount: o.amount, currency: o.currency}
	amount := sent.cash(currency)
	asked := amount.money()
	if o.currency == "" {
		asked.Currency = ""
	}
	e := review.Edit{ID: s.id, Actor: "jo", Reason: "because"}
	ctx := r.ctx
	r.step("%s %s: %s", o.what, s.id, map[string]string{
		"adjust": sent.amount + " " + sent.currency, "refund": sent.amount + " " + sent.currency + " " + o.refund,
		"reassign": coupon.name(), "assign": publisher,
	}[o.what])
	var c domain.Conversion
	var err error
	var refusal string
	switch o.what {
	case "approve":
		c, err = r.service.Approve(ctx, e)
		_, refusal = r.approve(s)
	case "reject":
		c, err = r.service.Reject(ctx, e)
		_, refusal = r.reject(s)
	case "adjust":
		if o.amount == "" {
			return
		}
		c, err = r.service.Adjust(ctx, e, asked)
		_, refusal = r.adjust(s, amount)
	case "refund":
		c, err = r.service.Refund(ctx, e, asked, o.amount == "", o.refund)
		_, refusal = r.refund(s, amount, o.refund)
	case "reassign":
		c, err = r.service.ReassignToCoupon(ctx, e, coupon.name(), coupon.offer.id, coupon.code)
		refusal = r.reassignToCoupon(s, coupon)
	case "assign":
		c, err = r.service.ReassignToPublisher(ctx, e, publisher)
		_, refusal = r.reassign(s, publisher, nil)
	default:
		resolution := map[string]string{"accept": "ACCEPTED", "dismiss": "DISMISSED"}[o.what]
		n := 1 + o.target%max(len(s.conflicts), 1)
		c, err = r.service.ResolveConflict(ctx, e, n, domain.Resolution(resolution))
		_, refusal = r.resolve(s, n, resolution)
	}
	if reasonOf(err) != refusal {
		r.fatal("refused with %v, want %q", err, refusal)
	}
	if err == nil {
		r.same(c, s)
	}
}

func (r *run) reassignToCoupon(s *modelSale, coupon *worldCoupon) (refusal string) {
	switch {
	case coupon.offer != s.offer:
		return "OTHER_OFFER"
	case !coupon.created:
		return "COUPON_NOT_FOUND"
	}
	_, refusal = r.reassign(s, coupon.publisher, coupon)
	return refusal
}

// same compares a conversion with the model's sale.
func (r *run) same(c domain.Conversion, s *modelSale) {
	if got, want := r.standingOf(c.State()), s.standing; got != want || string(c.Method) != s.method || c.ID != s.id || c.Conflicted != s.conflicted() {
		r.fatal("conversion %s is\n%s by %q, conflicted %v; want of %s\n%s by %q, conflicted %v", c.ID, got, c.Method, c.Conflicted, s.id, want, s.method, s.conflicted())
	}
}

// standingOf is a state as the model has it.
func (r *run) standingOf(s domain.State) standing {
	var coupon *worldCoupon
	for _, c := range r.coupons {
		if c.name() == s.Coupon {
			coupon = c
		}
	}
	if coupon == nil && s.Coupon != "" {
		r.fatal("there is no coupon %s", s.Coupon)
	}
	return standing{
		status: string(s.Status), outcome: string(s.Outcome), reason: string(s.Reason), publisher: s.Publisher, coupon: coupon,
		amount: r.cash(s.Amount), refunded: r.cash(s.Refunded), payout: r.cash(s.Payout), revenue: r.cash(s.Revenue),
	}
}

func (s standing) String() string {
	coupon := "no coupon"
	if s.coupon != nil {
		coupon = s.coupon.name()
	}
	return fmt.Sprintf("%s %s %s of %q, %s: amount %s, refunded %s, payout %s, revenue %s", s.status, s.outcome, s.reason, s.publisher, coupon, s.amount, s.refunded, s.payout, s.revenue)
}

func (r *run) cash(m money.Money) cash {
	amount, ok := cashOf(m)
	if !ok {
		r.fatal("no amount should be %+v", m)
	}
	return amount
}
