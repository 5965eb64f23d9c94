package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// ConversionID returns the id of the conversion that a report on an offer makes: the hash of its dedupe key,
// which is (offer, event, transaction id), else (offer, event, click id), else (offer, event, idempotency
// key). ok is false if the report has no such id.
func ConversionID(r Report, offer string) (id string, ok bool) {
	switch {
	case r.TransactionID != "":
		return hash("transaction", offer, r.Event, r.TransactionID), true
	case r.ClickID != "":
		return hash("click", offer, r.Event, r.ClickID), true
	case r.IdempotencyKey != "":
		return hash("idempotency", offer, r.Event, r.IdempotencyKey), true
	}
	return "", false
}

// FormerConversionID returns the id that a report's conversion had while events were case-sensitive. ok is
// false if it equals ConversionID's.
func FormerConversionID(r Report, offer string) (id string, ok bool) {
	if r.SentEvent == "" {
		return "", false
	}
	r.Event = r.SentEvent
	return ConversionID(r, offer)
}

// ContentHash tells apart reports that have the same dedupe key but different content. It ignores the time,
// since a retry may carry a new one, and the order of several codes.
func ContentHash(r Report, c Conversion) string {
	return hash(r.codeKey(), r.ClickID, r.Publisher, c.Amount.String())
}

// hash returns 128 bits of the SHA-256 of the parts in hexadecimal. A part cannot hold the
// separator, since control characters are refused.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// NewConversion makes the conversion for a report and the decision on its claim. authenticated says that the
// reporter proved its identity; other sales wait in PENDING. So do sales whose payout or revenue cannot be
// compared with its cap because the cap is in another currency; the warnings say so.
func NewConversion(id string, r Report, c Claim, d Decision, authenticated bool, now time.Time) (_ Conversion, warnings []string) {
	conv := Conversion{
		ID:             id,
		Offer:          c.Offer.ID,
		Publisher:      d.Publisher,
		CouponCode:     c.codeToKeep(),
		Codes:          r.Codes(),
		CodeUnknown:    !authenticated && c.knowsNoCode(),
		Click:          c.ClickID,
		TransactionID:  r.TransactionID,
		Event:          r.Event,
		Amount:         r.AmountIn(c.Offer.CurrencyCode),
		Discount:       r.DiscountIn(c.Offer.CurrencyCode),
		Status:         StatusPending,
		Outcome:        d.Outcome,
		Method:         d.Method,
		Reason:         d.Reason,
		Explanation:    d.Explanation,
		Candidates:     d.Candidates,
		ConversionTime: c.Time,
		CreateTime:     now,
		UpdateTime:     now,
		Revision:       1,
		Basis:          &d.Basis,
	}
	rates := Rates{Revenue: c.Offer.Revenue, Base: c.Offer.PayoutBase}
	conv.Basis.Rates = &rates
	if d.Click {
		conv.PubUniques, conv.PubClickID, conv.PubSubID = c.Click.PubUniques, c.Click.PubClickID, c.Click.PubSubID
	}
	switch {
	case d.Coupon != nil:
		conv.Coupon, conv.CouponCode = d.Coupon.Name(), d.Coupon.Code
		conv.PubUniques[2] = conv.CouponCode
	case d.Outcome == Unattributed && c.Code != "":
		conv.PubUniques[2] = conv.CouponCode
	}
	warnings = WarnOfFineAmount(conv.Amount)
	warnings = append(warnings, rates.warnOfDiscount(conv.Amount, conv.Discount)...)
	earning := rates.earning(conv.Amount, conv.Discount, conv.Amount)
	var comparable, uncapped bool
	if conv.Revenue, comparable = c.Offer.Revenue.Of(earning); !comparable {
		warnings, uncapped = append(warnings, notCapped("revenue", conv.Amount, c.Offer.Revenue.Cap)), true
	}
	if d.Outcome == Attributed {
		rates.Payout = payout(c, d)
		if conv.Payout, comparable = rates.Payout.Of(earning); !comparable {
			warnings, uncapped = append(warnings, notCapped("payout", conv.Amount, rates.Payout.Cap)), true
		}
		if authenticated && !uncapped && !r.Held {
			conv.Status = startStatus(r, c.Offer, d.Coupon)
		}
	}
	conv.Unplanned = slices.Contains(deliver(c, d), conv.Status)
	conv.ContentHash = ContentHash(r, conv)
	return conv, warnings
}

// deliver returns the statuses that trigger a delivery to the credited publisher.
func deliver(c Claim, d Decision) []Status {
	switch {
	case d.Outcome != Attributed:
		return nil
	case d.Coupon != nil:
		return d.Coupon.Deliver
	default:
		return c.ClickDeliver
	}
}

// WarnOfFineAmount returns a warning if an amount has more decimal places than its currency. The amount is kept.
func WarnOfFineAmount(amount money.Money) []string {
	if !amount.IsFine() {
		return nil
	}
	return []string{fmt.Sprintf("amount: %s is finer than %s, which has %d decimal places; it is kept as it is", amount, amount.Currency, amount.Decimals())}
}

func notCapped(what string, amount, most money.Money) string {
	return fmt.Sprintf("the %s of a sale in %s cannot be held against its cap, %s; the conversion waits in PENDING for a person to look at", what, amount.Currency, most)
}

// payout returns the coupon's own payout, if it has one, else the approval's, else the offer's.
func payout(c Claim, d Decision) money.Payout {
	if d.Coupon != nil {
		return rate(d.Coupon, d.Coupon.ApprovalPayout, c.Offer)
	}
	return rate(nil, c.ClickPayout, c.Offer)
}

// rate returns the payout of a coupon, which may be nil, else of an approval, else of an offer.
func rate(coupon *Coupon, approval money.Payout, offer Offer) money.Payout {
	switch {
	case coupon != nil && coupon.Payout.Kind != money.NoPayout:
		return coupon.Payout
	case approval.Kind != money.NoPayout:
		return approval
	default:
		return offer.Payout
	}
}

// startStatus returns APPROVED if the report says so, else the credited coupon's own start status, if it has
// one, else the offer's.
func startStatus(r Report, offer Offer, coupon *Coupon) Status {
	switch {
	case r.Status == ReportApproved:
		return StatusApproved
	case coupon != nil && coupon.Settings.StartStatus != "":
		return coupon.Settings.StartStatus
	default:
		return offer.StartStatus
	}
}

// OverLimit returns the conversion as it is stored if its coupon has no use left: the sale, held and
// credited to nobody.
func OverLimit(c Conversion) Conversion {
	over := c
	over.Outcome, over.Method, over.Reason, over.Status = Unattributed, NoMethod, LimitReached, StatusPending
	over.Publisher, over.Coupon, over.Payout = "", "", money.Money{}
	over.PubUniques, over.PubClickID, over.PubSubID = Uniques{2: c.CouponCode}, "", ""
	over.Unplanned = false
	over.Explanation = fmt.Sprintf("Coupon %s has earned as many sales as its limits allow.", c.CouponCode)
	if c.Basis != nil {
		grounds := *c.Basis
		grounds.Rule = ruleLimit
		if grounds.Rates != nil {
			grounds.Rates = &Rates{Revenue: grounds.Rates.Revenue, Base: grounds.Rates.Base}
		}
		over.Basis = &grounds
	}
	return over
}

// Holds returns the name of the coupon that the conversion takes a use of; "" if it takes none.
func (c Conversion) Holds() string {
	if c.Outcome != Attributed || c.Status == StatusRejected {
		return ""
	}
	return c.Coupon
}

// Sale is a new conversion with the records to store with it, in one transaction.
type Sale struct {
	Conversion Conversion
	// Use is the use that the conversion takes of its coupon; nil if the coupon is unlimited. If no use is
	// left, OverLimit of the sale is stored instead.
	Use *Use
	// Note is a sentence that says why the sale's reservation holds no use for it; "" if it does, or without a reservation.
	Note string
	// Postback is the journal's entry for the call that reported the sale; nil if a platform service did.
	// The store fills in the outcome with Postback.Of.
	Postback *Postback
	// Deferred is the report to judge the sale by later; nil if it is judged. It is stored only if the
	// conversion is inserted.
	Deferred *Deferred
}

// OverLimit returns the conversion as it is stored if its coupon has no use left.
func (s Sale) OverLimit() Conversion {
	over := OverLimit(s.Conversion)
	if s.Note != "" {
		over.Explanation += " " + s.Note
	}
	return over
}

// Update is a changed conversion with its effect on coupons' uses.
type Update struct {
	// Conversion is the changed conversion. If its revision did not change, nothing is stored.
	Conversion Conversion
	// Use is a use to take, because the change credits another coupon or takes back a rejection; nil if the
	// coupon is unlimited.
	Use *Use
	// Return is the use that the conversion held before. It is given back if the conversion no longer holds
	// it; nil if it held none.
	Return *Use
}
