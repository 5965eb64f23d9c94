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
	// maxChanges bounds the history of one conversion: it is stored with it.
	maxChanges = 500
	maxReason  = 1000
	maxActor   = 200
	// DefaultActor is who did what nobody gave a name for.
	DefaultActor = "admin"
	// Advertiser is who did what came by postback.
	Advertiser = "advertiser"
	// Automatic is the actor of what Couponlink does automatically.
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
)

// Change is one change of a conversion.
type Change struct {
	// Number counts from 1.
	Number int
	Kind   ChangeKind
	By     By
	// RefundID tells a repeat of a refund; empty without one.
	RefundID string
	From     State
	To       State
}

// By says who changes a conversion, when and why.
type By struct {
	Actor string
	Time  time.Time
	// Reason is in words; empty without one.
	Reason string
	// Postback is the id of the postback that asks for it; empty without one.
	Postback string
}

// Check says what is wrong with who and why. Errors are InvalidArgument on actor or reason.
func (b By) Check() error {
	if utf8.RuneCountInString(b.Actor) > maxActor || CheckText("actor", b.Actor) != nil {
		return apperr.Invalid("INVALID_ACTOR", "actor", "must be up to %d characters, none of them a control character", maxActor)
	}
	if n := utf8.RuneCountInString(b.Reason); n > maxReason || !utf8.ValidString(b.Reason) {
		return apperr.Invalid("INVALID_REASON", "reason", "has %d characters; at most %d are allowed", n, maxReason)
	}
	return nil
}

// State is what can change of a conversion.
type State struct {
	Status    Status
	Outcome   Outcome
	Reason    Reason
	Publisher string
	Coupon    string
	// Method and CouponCode were not kept once: Backfill.
	Method     Method
	CouponCode string
	Amount     money.Money
	Refunded   money.Money
	Payout     money.Money
	Revenue    money.Money
}

// State returns the conversion's state.
func (c Conversion) State() State {
	return State{
		Status: c.Status, Outcome: c.Outcome, Reason: c.Reason, Publisher: c.Publisher, Coupon: c.Coupon,
		Method: c.Method, CouponCode: c.CouponCode, Amount: c.Amount, Refunded: c.Refunded, Payout: c.Payout, Revenue: c.Revenue,
	}
}

// Approve returns the conversion as approved; one that is already is returned as it is. A rejection is
// taken back.
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
	if err := changed.reckon(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeApprove, "", by)
}

// Reject returns the conversion as rejected: nothing is due for it any more. One that is already is
// returned as it is.
func (c Conversion) Reject(by By) (Conversion, error) {
	if c.Status == StatusRejected {
		return c, nil
	}
	changed := c
	changed.Status, changed.StatusReason = StatusRejected, by.Reason
	changed.Payout, changed.Revenue = money.Money{}, money.Money{}
	return c.recorded(changed, ChangeReject, "", by)
}

// Adjust returns the conversion with another amount. One that has it already is returned as it is.
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
	if err := changed.reckon(); err != nil {
		return c, err
	}
	return c.recorded(changed, kind, "", by)
}

// Refund returns the conversion with part of its amount given back. Without an amount it gives back all that
// is left, and nothing is due any more, even if the sale had no amount. A repeat of a refund, recognized by
// its id or, without one, by its amount, returns the conversion unchanged.
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
	if err := changed.reckon(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeRefund, refundID, by)
}

// checkRefund says what is wrong with an amount to give back. Zero is valid for a sale of zero only, and
// gives back all of it.
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
		if change.Kind != ChangeRefund || change.RefundID != refundID {
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

// Returned reports whether the sale was given back in full, at once or in parts. For a sale without an
// amount, any refund is a full one.
func (c Conversion) Returned() bool {
	if !c.Refunded.IsNone() {
		return c.Refunded == c.Amount
	}
	return c.Amount.IsNone() && slices.ContainsFunc(c.Changes, func(change Change) bool { return change.Kind == ChangeRefund })
}

// left returns the part of the amount that was not given back; without an amount it returns none.
func (c Conversion) left() money.Money {
	if c.Refunded.IsNone() {
		return c.Amount
	}
	return c.Amount.Minus(c.Refunded)
}

// Reassign returns the conversion as credited by a person's decision, with what it pays by the offer's
// settings of today. One that is credited so already is returned as it is.
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
	grounds.Rates = &Rates{Payout: to.payout(offer), Revenue: offer.Revenue}
	changed.Basis = &grounds
	if err := changed.reckon(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeReassign, "", by)
}

// Assignment is whom a person credits.
type Assignment struct {
	Publisher string
	// Coupon is nil where no coupon is credited.
	Coupon *Coupon
	// ApprovalPayout is what the publisher earns by its approval.
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

// Replay returns a held conversion as anew has it, the conversion that the same report makes today. It
// keeps what was adjusted and refunded, and a rejection. One that anew does not credit to anybody, or
// that is credited already, is returned as it is, unless it was not judged yet.
func (c Conversion) Replay(anew Conversion, by By) (Conversion, error) {
	judged := anew.Outcome == Attributed || c.Unjudged() && !anew.Unjudged()
	if c.Outcome == Attributed || !judged {
		return c, nil
	}
	changed := c
	changed.Outcome, changed.Method, changed.Reason, changed.Candidates = anew.Outcome, anew.Method, anew.Reason, anew.Candidates
	changed.Publisher, changed.Coupon, changed.CouponCode = anew.Publisher, anew.Coupon, anew.CouponCode
	changed.PubUniques, changed.PubClickID, changed.PubSubID = anew.PubUniques, anew.PubClickID, anew.PubSubID
	changed.Explanation, changed.Basis = anew.Explanation, anew.Basis
	if changed.Status == StatusPending {
		changed.Status = anew.Status
	}
	if err := changed.reckon(); err != nil {
		return c, err
	}
	return c.recorded(changed, ChangeReplay, "", by)
}

// Unjudged reports whether the conversion still waits for the coupon service to be judged.
func (c Conversion) Unjudged() bool {
	return c.Outcome == Unattributed && c.Reason == CouponServiceAway
}

// recorded returns the changed conversion with the change in its history.
func (c Conversion) recorded(changed Conversion, kind ChangeKind, refundID string, by By) (Conversion, error) {
	if len(c.Changes) >= maxChanges {
		return c, apperr.New(apperr.FailedPrecondition, "TOO_MANY_CHANGES", "conversions/%s was changed %d times, which is the most", c.ID, maxChanges)
	}
	change := Change{Number: len(c.Changes) + 1, Kind: kind, By: by, RefundID: refundID, From: c.State(), To: changed.State()}
	changed.Changes = append(c.Changes[:len(c.Changes):len(c.Changes)], change)
	changed.touch(by.Time)
	if !c.Unplanned && (change.From.Publisher != "" || change.To.Publisher != "") {
		changed.Unplanned, changed.PlanFrom = true, change.Number // who was or is credited may have to be told
	}
	return changed, nil
}

// touch notes that the conversion was changed. UpdateTime never goes back, though the clock may.
func (c *Conversion) touch(now time.Time) {
	c.Revision++
	if now.After(c.UpdateTime) {
		c.UpdateTime = now
	}
}

// reckon sets what is due for the conversion as it stands.
func (c *Conversion) reckon() error {
	if c.Status == StatusRejected {
		c.Payout, c.Revenue = money.Money{}, money.Money{}
		return nil
	}
	if c.Basis == nil || c.Basis.Rates == nil {
		return apperr.New(apperr.FailedPrecondition, "NO_RATES",
			"conversions/%s is from before the rates of payout and revenue were kept, so what is due cannot be reckoned anew; reassign it, which takes today's", c.ID)
	}
	c.Payout, c.Revenue = money.Money{}, money.Money{}
	if c.Returned() {
		return nil
	}
	left := c.left()
	c.Revenue, _ = c.Basis.Rates.Revenue.Of(left)
	if c.Outcome == Attributed {
		c.Payout, _ = c.Basis.Rates.Payout.Of(left)
	}
	return nil
}

// Apply returns the conversion with what a report says became of it.
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

// Contradicts reports whether a report of a change to the conversion names another amount than the conversion
// has or was reported with. The amount of a refund is the refund's own.
func (c Conversion) Contradicts(r Report, offer Offer) bool {
	if !r.HasAmount || r.Status == ReportRefunded {
		return false
	}
	said := c.AmountSaid(r, offer)
	return said != c.Amount && said != c.After(0).Amount
}

// ContentSaid returns the conversion with the content of a report on it, for a conflict.
func (c Conversion) ContentSaid(r Report, offer Offer) Conversion {
	c.Amount = c.AmountSaid(r, offer)
	c.ContentHash = ContentHash(r, c)
	return c
}

// AmountSaid returns the sale amount that a report on the conversion brings: where it names no currency, in
// the conversion's, else in its offer's; none without one.
func (c Conversion) AmountSaid(r Report, offer Offer) money.Money {
	if c.Amount.IsNone() {
		return r.AmountIn(offer.CurrencyCode)
	}
	return r.AmountIn(c.Amount.Currency)
}
