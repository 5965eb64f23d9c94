package domain

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
)

const (
	// maxChanges bounds the history of one conversion, which is stored with it.
	maxChanges = 500
	maxReason  = 1000
	maxActor   = 200
	// DefaultActor is the actor of changes made without a name.
	DefaultActor = "admin"
	// Advertiser is the actor of changes reported by postback.
	Advertiser = "advertiser"
	// Automatic is the actor of changes that Couponlink makes automatically.
	Automatic = "couponlink"
)

// ChangeKind says what was done to a conversion.
type ChangeKind string

// The kinds of change.
const (
	ChangeApprove  ChangeKind = "APPROVE"
	ChangeReject   ChangeKind = "REJECT"
	ChangeReassign ChangeKind = "REASSIGN"
	ChangeAdjust   ChangeKind = "ADJUST"
	ChangeRefund   ChangeKind = "REFUND"
	ChangeResolve  ChangeKind = "RESOLVE"
	ChangeReplay   ChangeKind = "REPLAY"
	// ChangeErase removed personal data. Nothing that pays or is counted changed.
	ChangeErase ChangeKind = "ERASE"
)

// Change is one entry in a conversion's history.
type Change struct {
	// Number counts from 1.
	Number int
	Kind   ChangeKind
	By     By
	// RefundID identifies a refund, so that a repeat is recognized; "" if none was sent.
	RefundID string
	From     State
	To       State
}

// By says who changes a conversion, when and why.
type By struct {
	Actor string
	Time  time.Time
	// Reason is free text; "" if none was given.
	Reason string
	// Postback is the id of the postback that asked for the change; "" if none did.
	Postback string
}

// Check validates actor and reason. Errors are InvalidArgument on actor or reason.
func (b By) Check() error {
	if utf8.RuneCountInString(b.Actor) > maxActor || CheckText("actor", b.Actor) != nil {
		return apperr.Invalid("INVALID_ACTOR", "actor", "must be up to %d characters, none of them a control character", maxActor)
	}
	if n := utf8.RuneCountInString(b.Reason); n > maxReason || !utf8.ValidString(b.Reason) {
		return apperr.Invalid("INVALID_REASON", "reason", "has %d characters; at most %d are allowed", n, maxReason)
	}
	return nil
}

// State holds the fields of a conversion that can change.
type State struct {
	Status    Status
	Outcome   Outcome
	Reason    Reason
	Publisher string
	Coupon    string
	// Method and CouponCode are missing from old changes; see Backfill.
	Method     Method
	CouponCode string
	Amount     money.Money
	Refunded   money.Money
	Payout     money.Money
	Revenue    money.Money
}

func (c Conversion) State() State {
	return State{
		Status: c.Status, Outcome: c.Outcome, Reason: c.Reason, Publisher: c.Publisher, Coupon: c.Coupon,
		Method: c.Method, CouponCode: c.CouponCode, Amount: c.Amount, Refunded: c.Refunded, Payout: c.Payout, Revenue: c.Revenue,
	}
}

// Approve returns the conversion approved, or unchanged if it already is. It undoes a rejection.
//
// Errors: FailedPrecondition (CONVERSION_UNATTRIBUTED).
func (c Conversion) Approve(by By) (Conversion, error) {
	if c.Outcome != Attributed {
		return c, apperr.New(apperr.FailedPrecondition, "CONVERSION_UNATTRIBUTED",
			"nobody is credited with conversions/%s, so there is nobody to approve it for; reassign it first", c.ID)
	}
	if c.Status == StatusApproved {
		return c, nil
	}
	changed := c
	changed.Status, changed.StatusReason = StatusApproved, ""
	if err := changed.recalculate(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeApprove, "", by)
}

// Reject returns the conversion rejected, with no payout or revenue due, or unchanged if it already is.
func (c Conversion) Reject(by By) (Conversion, error) {
	if c.Status == StatusRejected {
		return c, nil
	}
	changed := c
	changed.Status, changed.StatusReason = StatusRejected, by.Reason
	changed.Payout, changed.Revenue = money.Money{}, money.Money{}
	return c.recorded(changed, ChangeReject, "", by)
}

// Adjust returns the conversion with another amount, or unchanged if it already has that amount.
//
// Errors: InvalidArgument on amount (CURRENCY_MISMATCH, LESS_THAN_REFUNDED); FailedPrecondition
// (NO_RATES).
func (c Conversion) Adjust(amount money.Money, by By) (Conversion, error) {
	return c.adjust(amount, ChangeAdjust, by)
}

func (c Conversion) adjust(amount money.Money, kind ChangeKind, by By) (Conversion, error) {
	switch {
	case amount == c.Amount:
		return c, nil
	case !c.Refunded.IsNone() && amount.Currency != c.Refunded.Currency:
		return c, apperr.Invalid("CURRENCY_MISMATCH", "amount", "is in %s, but refunds were noted in %s", amount.Currency, c.Refunded.Currency)
	case !c.Refunded.IsNone() && amount.Less(c.Refunded):
		return c, apperr.Invalid("LESS_THAN_REFUNDED", "amount", "is %s, but %s was refunded already", amount, c.Refunded)
	}
	changed := c
	changed.Amount = amount
	if c.Amount.IsNone() && c.Returned() {
		changed.Refunded = amount
	}
	if err := changed.recalculate(); err != nil {
		return c, err
	}
	return c.recorded(changed, kind, "", by)
}

// Refund returns the conversion with part of its amount refunded. Without an amount it refunds all that is
// left, and nothing is due any more, even if the sale had no amount. A repeat of a refund, recognized by its
// id or, without one, by its amount, returns the conversion unchanged.
//
// Errors: InvalidArgument on amount (CURRENCY_MISMATCH, REFUND_TOO_LARGE, INVALID_AMOUNT) or refund_id
// (REFUND_ID_TAKEN); FailedPrecondition (NO_AMOUNT, NO_RATES).
func (c Conversion) Refund(amount money.Money, refundID string, by By) (Conversion, error) {
	if c.Amount.IsNone() && amount.IsZero() {
		amount = money.Money{} // all of it
	}
	if repeated, err := c.refunded(amount, refundID); repeated || err != nil {
		return c, err
	}
	changed := c
	switch {
	case amount != money.Money{}:
		if err := c.checkRefund(amount); err != nil {
			return c, err
		}
		changed.Refunded = c.Refunded.Plus(amount)
	case c.Amount.IsNone():
		changed.Payout, changed.Revenue = money.Money{}, money.Money{}
		return c.recorded(changed, ChangeRefund, refundID, by)
	default:
		changed.Refunded = c.Amount
	}
	if err := changed.recalculate(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeRefund, refundID, by)
}

// checkRefund validates an amount to refund. Zero is valid only for a sale of zero, and refunds all of it.
func (c Conversion) checkRefund(amount money.Money) error {
	if c.Amount.IsNone() {
		return apperr.New(apperr.FailedPrecondition, "NO_AMOUNT",
			"conversions/%s has no amount of which a part could be refunded; leave amount out to refund it in full, or adjust its amount first", c.ID)
	}
	left := c.left()
	switch {
	case amount.Currency != left.Currency:
		return apperr.Invalid("CURRENCY_MISMATCH", "amount", "is in %s, but the sale was in %s", amount.Currency, left.Currency)
	case amount.IsZero() && !left.IsZero():
		return apperr.Invalid("INVALID_AMOUNT", "amount", "is zero; leave it out to refund all that is left")
	case left.Less(amount):
		return apperr.Invalid("REFUND_TOO_LARGE", "amount", "is %s, but only %s of the sale is left", amount, left)
	}
	return nil
}

// refunded reports whether a refund is a repeat. Errors: InvalidArgument on refund_id if its id was used for
// another amount.
func (c Conversion) refunded(amount money.Money, refundID string) (bool, error) {
	all := amount == money.Money{}
	for _, change := range c.Changes {
		if change.Kind != ChangeRefund || change.RefundID != refundID && change.RefundID != ErasedRefund(refundID) {
			continue
		}
		given := change.To.Refunded.Minus(change.From.Refunded)
		full := all && change.To.Refunded == change.To.Amount
		if given == amount || full {
			return true, nil
		}
		if refundID != "" {
			return false, apperr.Invalid("REFUND_ID_TAKEN", "refund_id", "%q was a refund of %s; send another id for another refund", refundID, cmp.Or(given.String(), "all"))
		}
	}
	return all && c.Returned(), nil
}

// Returned reports whether the sale was refunded in full, at once or in parts. For a sale without an amount,
// any refund is a full one.
func (c Conversion) Returned() bool {
	if !c.Refunded.IsNone() {
		return c.Refunded == c.Amount
	}
	return c.Amount.IsNone() && slices.ContainsFunc(c.Changes, func(change Change) bool { return change.Kind == ChangeRefund })
}

// left returns the part of the amount that was not refunded; none if the sale has no amount.
func (c Conversion) left() money.Money {
	if c.Refunded.IsNone() {
		return c.Amount
	}
	return c.Amount.Minus(c.Refunded)
}

// Reassign returns the conversion credited as a person decided, paid by the offer's present settings. It is
// unchanged if it is already credited that way.
func (c Conversion) Reassign(offer Offer, to Assignment, by By) (Conversion, error) {
	if c.Outcome == Attributed && c.Publisher == to.Publisher && c.Coupon == to.couponName() {
		return c, nil
	}
	changed := c
	changed.Outcome, changed.Method, changed.Reason, changed.Candidates = Attributed, ByHand, NoReason, nil
	changed.Publisher, changed.Coupon = to.Publisher, to.couponName()
	if to.Coupon != nil {
		changed.CouponCode, changed.PubUniques[2] = to.Coupon.Code, to.Coupon.Code
	}
	changed.Explanation = "Assigned to publisher " + to.Publisher + " by hand."
	grounds := Basis{OfferETag: offer.ETag}
	if c.Basis != nil {
		grounds = *c.Basis
	}
	grounds.Rule = ruleByHand
	grounds.Rates = &Rates{Payout: to.payout(offer), Revenue: offer.Revenue, Base: offer.PayoutBase}
	changed.Basis = &grounds
	if err := changed.recalculate(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeReassign, "", by)
}

// Assignment is the publisher, and perhaps coupon, that a person credits.
type Assignment struct {
	Publisher string
	// Coupon is nil if no coupon is credited.
	Coupon *Coupon
	// ApprovalPayout is the publisher's payout under its approval.
	ApprovalPayout money.Payout
}

func (a Assignment) couponName() string {
	if a.Coupon == nil {
		return ""
	}
	return a.Coupon.Name()
}

func (a Assignment) payout(offer Offer) money.Payout {
	return rate(a.Coupon, a.ApprovalPayout, offer)
}

// Replay returns a held conversion with the decision of today, the conversion that the same report makes now.
// It keeps adjustments, refunds and a rejection. It returns the conversion unchanged if that is credited
// already, or if today's is not credited either, unless only today's has been judged.
func (c Conversion) Replay(today Conversion, by By) (Conversion, error) {
	judged := today.Outcome == Attributed || c.Unjudged() && !today.Unjudged()
	if c.Outcome == Attributed || !judged || c.Erased() {
		return c, nil
	}
	changed := c
	changed.Outcome, changed.Method, changed.Reason, changed.Candidates = today.Outcome, today.Method, today.Reason, today.Candidates
	changed.Publisher, changed.Coupon, changed.CouponCode = today.Publisher, today.Coupon, today.CouponCode
	changed.PubUniques, changed.PubClickID, changed.PubSubID = today.PubUniques, today.PubClickID, today.PubSubID
	changed.Explanation, changed.Basis = today.Explanation, today.Basis
	if changed.Status == StatusPending {
		changed.Status = today.Status
	}
	if err := changed.recalculate(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeReplay, "", by)
}

// Unjudged reports whether the conversion is still waiting for the coupon service before it can be judged.
func (c Conversion) Unjudged() bool {
	return c.Outcome == Unattributed && c.Reason == CouponServiceAway
}

// recorded returns the changed conversion with the change appended to its history.
func (c Conversion) recorded(changed Conversion, kind ChangeKind, refundID string, by By) (Conversion, error) {
	if len(c.Changes) >= maxChanges {
		return c, apperr.New(apperr.FailedPrecondition, "TOO_MANY_CHANGES", "conversions/%s was changed %d times, which is the most", c.ID, maxChanges)
	}
	if c.Erased() {
		by, refundID = by.withoutWords(), ErasedRefund(refundID)
		if kind == ChangeReject {
			changed.StatusReason = by.Reason
		}
	}
	change := Change{Number: len(c.Changes) + 1, Kind: kind, By: by, RefundID: refundID, From: c.State(), To: changed.State()}
	changed.Changes = append(c.Changes[:len(c.Changes):len(c.Changes)], change)
	changed.touch(by.Time)
	if !c.Unplanned && (change.From.Publisher != "" || change.To.Publisher != "") {
		changed.Unplanned, changed.PlanFrom = true, change.Number // the publishers concerned may need a delivery
	}
	return changed, nil
}

// touch updates UpdateTime and Revision. UpdateTime never goes back, though the clock may.
func (c *Conversion) touch(now time.Time) {
	c.Revision++
	if now.After(c.UpdateTime) {
		c.UpdateTime = now
	}
}

// recalculate sets the payout and revenue due for the conversion in its present state.
func (c *Conversion) recalculate() error {
	if c.Status == StatusRejected {
		c.Payout, c.Revenue = money.Money{}, money.Money{}
		return nil
	}
	if c.Basis == nil || c.Basis.Rates == nil {
		return apperr.New(apperr.FailedPrecondition, "NO_RATES",
			"conversions/%s was recorded before rates were stored, so its payout and revenue cannot be recalculated; reassign it, which takes the present rates", c.ID)
	}
	c.Payout, c.Revenue = money.Money{}, money.Money{}
	if c.Returned() {
		return nil
	}
	left := c.Basis.Rates.earning(c.Amount, c.Discount, c.left())
	c.Revenue, _ = c.Basis.Rates.Revenue.Of(left)
	if c.Outcome == Attributed {
		c.Payout, _ = c.Basis.Rates.Payout.Of(left)
	}
	return nil
}

// Apply returns the conversion with the change that a report brings.
//
// Errors: those of Approve, Reject and Refund.
func (c Conversion) Apply(r Report, by By) (Conversion, error) {
	by.Reason = r.StatusReason
	switch r.Status {
	case ReportApproved:
		return c.Approve(by)
	case ReportRejected:
		if by.Reason == "" {
			by.Reason = "Rejected by the advertiser."
		}
		return c.Reject(by)
	case ReportRefunded:
		amount := money.Money{}
		if r.HasAmount {
			amount = r.AmountIn(c.Amount.Currency)
		}
		return c.Refund(amount, r.RefundID, by)
	default:
		return c, nil
	}
}

// Contradicts reports whether a change report names an amount other than the one the conversion has or was
// reported with. The amount of a refund is the refund's own, so it never contradicts.
func (c Conversion) Contradicts(r Report, offer Offer) bool {
	if !r.HasAmount || r.Status == ReportRefunded {
		return false
	}
	said := c.AmountSaid(r, offer)
	return said != c.Amount && said != c.After(0).Amount
}

// ContentSaid returns the conversion with a report's content, to store as a conflict.
func (c Conversion) ContentSaid(r Report, offer Offer) Conversion {
	c.Amount = c.AmountSaid(r, offer)
	c.ContentHash = ContentHash(r, c)
	return c
}

// AmountSaid returns the sale amount in a report on the conversion, or none. If the report names no currency,
// the conversion's applies, else its offer's.
func (c Conversion) AmountSaid(r Report, offer Offer) money.Money {
	if c.Amount.IsNone() {
		return r.AmountIn(offer.CurrencyCode)
	}
	return r.AmountIn(c.Amount.Currency)
}
