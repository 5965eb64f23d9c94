package mongostore

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// What is stored here is only ever read with one conversion, so what is empty can be left out.

type changeDocument struct {
	Number     int              `bson:"number"`
	Kind       rules.ChangeKind `bson:"kind"`
	ChangeTime time.Time        `bson:"change_time"`
	Actor      string           `bson:"actor,omitempty"`
	Reason     string           `bson:"reason,omitempty"`
	Postback   string           `bson:"postback,omitempty"`
	RefundID   string           `bson:"refund_id,omitempty"`
	From       stateDocument    `bson:"from"`
	To         stateDocument    `bson:"to"`
}

type stateDocument struct {
	Status    rules.Status  `bson:"status,omitempty"`
	Outcome   rules.Outcome `bson:"outcome,omitempty"`
	Reason    rules.Reason  `bson:"reason,omitempty"`
	Publisher string        `bson:"publisher,omitempty"`
	Coupon    string        `bson:"coupon,omitempty"`
	// Method and CouponCode are nil in what was stored before they were kept.
	Method     *rules.Method  `bson:"method,omitempty"`
	CouponCode *string        `bson:"coupon_code,omitempty"`
	Amount     *moneyDocument `bson:"amount,omitempty"`
	Refunded   *moneyDocument `bson:"refunded_amount,omitempty"`
	Payout     *moneyDocument `bson:"payout,omitempty"`
	Revenue    *moneyDocument `bson:"revenue,omitempty"`
}

type conflictDocument struct {
	Number      int              `bson:"number"`
	CreateTime  time.Time        `bson:"create_time"`
	Count       int              `bson:"count"`
	ContentHash string           `bson:"content_hash"`
	Postback    string           `bson:"postback,omitempty"`
	Amount      *moneyDocument   `bson:"amount,omitempty"`
	CouponCode  string           `bson:"coupon_code,omitempty"`
	Click       string           `bson:"click,omitempty"`
	Publisher   string           `bson:"publisher,omitempty"`
	Resolution  rules.Resolution `bson:"resolution,omitempty"`
}

func encodeChanges(changes []rules.Change) []changeDocument {
	if len(changes) == 0 {
		return nil
	}
	documents := make([]changeDocument, len(changes))
	for i, c := range changes {
		documents[i] = changeDocument{
			Number: c.Number, Kind: c.Kind, ChangeTime: c.By.Time, Actor: c.By.Actor, Reason: c.By.Reason, Postback: c.By.Postback,
			RefundID: c.RefundID, From: encodeState(c.From), To: encodeState(c.To),
		}
	}
	return documents
}

func decodeChanges(documents []changeDocument) []rules.Change {
	if len(documents) == 0 {
		return nil
	}
	changes := make([]rules.Change, len(documents))
	for i, d := range documents {
		changes[i] = rules.Change{
			Number: d.Number, Kind: d.Kind, RefundID: d.RefundID, From: d.From.decode(), To: d.To.decode(),
			By: rules.By{Actor: d.Actor, Time: d.ChangeTime.UTC(), Reason: d.Reason, Postback: d.Postback},
		}
	}
	return changes
}

func encodeState(s rules.State) stateDocument {
	return stateDocument{
		Status: s.Status, Outcome: s.Outcome, Reason: s.Reason, Publisher: s.Publisher, Coupon: s.Coupon,
		Method: &s.Method, CouponCode: &s.CouponCode,
		Amount: encodeMoney(s.Amount), Refunded: encodeMoney(s.Refunded), Payout: encodeMoney(s.Payout), Revenue: encodeMoney(s.Revenue),
	}
}

func (d *stateDocument) decode() rules.State {
	state := rules.State{
		Status: d.Status, Outcome: d.Outcome, Reason: d.Reason, Publisher: d.Publisher, Coupon: d.Coupon,
		Amount: d.Amount.decode(), Refunded: d.Refunded.decode(), Payout: d.Payout.decode(), Revenue: d.Revenue.decode(),
	}
	if d.Method != nil && d.CouponCode != nil {
		state.Method, state.CouponCode = *d.Method, *d.CouponCode
	}
	return state
}

func encodeConflicts(conflicts []rules.Conflict) []conflictDocument {
	if len(conflicts) == 0 {
		return nil
	}
	documents := make([]conflictDocument, len(conflicts))
	for i, c := range conflicts {
		documents[i] = conflictDocument{
			Number: c.Number, CreateTime: c.Time, Count: c.Count, ContentHash: c.ContentHash, Postback: c.Postback,
			Amount: encodeMoney(c.Amount), CouponCode: c.Code, Click: c.Click, Publisher: c.Publisher, Resolution: c.Resolution,
		}
	}
	return documents
}

func decodeConflicts(documents []conflictDocument) []rules.Conflict {
	if len(documents) == 0 {
		return nil
	}
	conflicts := make([]rules.Conflict, len(documents))
	for i, d := range documents {
		conflicts[i] = rules.Conflict{
			Number: d.Number, Time: d.CreateTime.UTC(), Count: d.Count, ContentHash: d.ContentHash, Postback: d.Postback,
			Amount: d.Amount.decode(), Code: d.CouponCode, Click: d.Click, Publisher: d.Publisher, Resolution: d.Resolution,
		}
	}
	return conflicts
}
