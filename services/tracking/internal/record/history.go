package record

import (
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// History is what happened to a conversion.
type History struct {
	Changes   []Change   `json:"changes,omitempty"   bson:"changes,omitempty"`
	Conflicts []Conflict `json:"conflicts,omitempty" bson:"conflicts,omitempty"`
}

// Change is a change of a conversion.
type Change struct {
	Number     int               `json:"number"              bson:"number"`
	Kind       domain.ChangeKind `json:"kind"                bson:"kind"`
	Actor      string            `json:"actor,omitempty"     bson:"actor,omitempty"`
	ChangeTime Millis            `json:"change_time"         bson:"change_time"`
	Reason     string            `json:"reason,omitempty"    bson:"reason,omitempty"`
	Postback   string            `json:"postback,omitempty"  bson:"postback,omitempty"`
	RefundID   string            `json:"refund_id,omitempty" bson:"refund_id,omitempty"`
	From       State             `json:"from"                bson:"from"`
	To         State             `json:"to"                  bson:"to"`
}

// State is what a change changes.
type State struct {
	Status    domain.Status  `json:"status,omitempty"    bson:"status,omitempty"`
	Outcome   domain.Outcome `json:"outcome,omitempty"   bson:"outcome,omitempty"`
	Reason    domain.Reason  `json:"reason,omitempty"    bson:"reason,omitempty"`
	Publisher string         `json:"publisher,omitempty" bson:"publisher,omitempty"`
	Coupon    string         `json:"coupon,omitempty"    bson:"coupon,omitempty"`
	// Method and CouponCode are nil in records from before they were kept.
	Method         *domain.Method `json:"method,omitempty"         bson:"method,omitempty"`
	CouponCode     *string        `json:"coupon_code,omitempty"    bson:"coupon_code,omitempty"`
	Amount         Money          `json:"amount,omitzero"          bson:"amount,omitempty"`
	RefundedAmount Money          `json:"refunded_amount,omitzero" bson:"refunded_amount,omitempty"`
	Payout         Money          `json:"payout,omitzero"          bson:"payout,omitempty"`
	Revenue        Money          `json:"revenue,omitzero"         bson:"revenue,omitempty"`
}

// Conflict is a report of a conversion with another content.
type Conflict struct {
	Number      int               `json:"number"                 bson:"number"`
	Time        Millis            `json:"conflict_time"          bson:"create_time"`
	Count       int               `json:"count"                  bson:"count"`
	ContentHash string            `json:"content_hash,omitempty" bson:"content_hash"`
	Postback    string            `json:"postback,omitempty"     bson:"postback,omitempty"`
	Amount      Money             `json:"amount,omitzero"        bson:"amount,omitempty"`
	CouponCode  string            `json:"coupon_code,omitempty"  bson:"coupon_code,omitempty"`
	Click       string            `json:"click,omitempty"        bson:"click,omitempty"`
	Publisher   string            `json:"publisher,omitempty"    bson:"publisher,omitempty"`
	Resolution  domain.Resolution `json:"resolution,omitempty"   bson:"resolution,omitempty"`
}

// EncodeHistory returns the record of a conversion's history.
func EncodeHistory(c *domain.Conversion) (h History) {
	for _, change := range c.Changes {
		h.Changes = append(h.Changes, Change{
			Number: change.Number, Kind: change.Kind, Actor: change.By.Actor, ChangeTime: millis(change.By.Time), Reason: change.By.Reason,
			Postback: change.By.Postback, RefundID: change.RefundID, From: encodeState(change.From), To: encodeState(change.To),
		})
	}
	for _, conflict := range c.Conflicts {
		h.Conflicts = append(h.Conflicts, Conflict{
			Number: conflict.Number, Time: millis(conflict.Time), Count: conflict.Count, ContentHash: conflict.ContentHash,
			Postback: conflict.Postback, Amount: Money(conflict.Amount), CouponCode: conflict.Code, Click: conflict.Click,
			Publisher: conflict.Publisher, Resolution: conflict.Resolution,
		})
	}
	return h
}

// Decode adds the history to a conversion that has all else, and fills in what old records lack.
func (h History) Decode(c *domain.Conversion) {
	for _, r := range h.Changes {
		c.Changes = append(c.Changes, domain.Change{
			Number: r.Number, Kind: r.Kind, RefundID: r.RefundID, From: r.From.decode(), To: r.To.decode(),
			By: domain.By{Actor: r.Actor, Time: r.ChangeTime.time(), Reason: r.Reason, Postback: r.Postback},
		})
	}
	for _, r := range h.Conflicts {
		c.Conflicts = append(c.Conflicts, domain.Conflict{
			Number: r.Number, Time: r.Time.time(), Count: r.Count, ContentHash: r.ContentHash, Postback: r.Postback,
			Amount: money.Money(r.Amount), Code: r.CouponCode, Click: r.Click, Publisher: r.Publisher, Resolution: r.Resolution,
		})
	}
	c.Backfill(func(change int) bool { return h.Changes[change].From.Method == nil })
}

func encodeState(s domain.State) State {
	return State{
		Status: s.Status, Outcome: s.Outcome, Reason: s.Reason, Publisher: s.Publisher, Coupon: s.Coupon, Method: &s.Method, CouponCode: &s.CouponCode,
		Amount: Money(s.Amount), RefundedAmount: Money(s.Refunded), Payout: Money(s.Payout), Revenue: Money(s.Revenue),
	}
}

func (r *State) decode() domain.State {
	s := domain.State{
		Status: r.Status, Outcome: r.Outcome, Reason: r.Reason, Publisher: r.Publisher, Coupon: r.Coupon, Amount: money.Money(r.Amount),
		Refunded: money.Money(r.RefundedAmount), Payout: money.Money(r.Payout), Revenue: money.Money(r.Revenue),
	}
	if r.Method != nil && r.CouponCode != nil {
		s.Method, s.CouponCode = *r.Method, *r.CouponCode
	}
	return s
}
