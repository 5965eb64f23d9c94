package mongostore

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// What is stored here is only ever read with one conversion, so what is empty can be left out.

type changeDocument struct {
	Number     int               `bson:"number"`
	Kind       domain.ChangeKind `bson:"kind"`
	ChangeTime time.Time         `bson:"change_time"`
	Actor      string            `bson:"actor,omitempty"`
	Reason     string            `bson:"reason,omitempty"`
	Postback   string            `bson:"postback,omitempty"`
	RefundID   string            `bson:"refund_id,omitempty"`
	From       stateDocument     `bson:"from"`
	To         stateDocument     `bson:"to"`
}

type stateDocument struct {
	Status    domain.Status  `bson:"status,omitempty"`
	Outcome   domain.Outcome `bson:"outcome,omitempty"`
	Reason    domain.Reason  `bson:"reason,omitempty"`
	Publisher string         `bson:"publisher,omitempty"`
	Coupon    string         `bson:"coupon,omitempty"`
	// Method and CouponCode are nil in what was stored before they were kept.
	Method     *domain.Method `bson:"method,omitempty"`
	CouponCode *string        `bson:"coupon_code,omitempty"`
	Amount     *moneyDocument `bson:"amount,omitempty"`
	Refunded   *moneyDocument `bson:"refunded_amount,omitempty"`
	Payout     *moneyDocument `bson:"payout,omitempty"`
	Revenue    *moneyDocument `bson:"revenue,omitempty"`
}

type conflictDocument struct {
	Number      int               `bson:"number"`
	CreateTime  time.Time         `bson:"create_time"`
	Count       int               `bson:"count"`
	ContentHash string            `bson:"content_hash"`
	Postback    string            `bson:"postback,omitempty"`
	Amount      *moneyDocument    `bson:"amount,omitempty"`
	CouponCode  string            `bson:"coupon_code,omitempty"`
	Click       string            `bson:"click,omitempty"`
	Publisher   string            `bson:"publisher,omitempty"`
	Resolution  domain.Resolution `bson:"resolution,omitempty"`
}

func encodeChanges(changes []domain.Change) []changeDocument {
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

func decodeChanges(documents []changeDocument) []domain.Change {
	if len(documents) == 0 {
		return nil
	}
	changes := make([]domain.Change, len(documents))
	for i, d := range documents {
		changes[i] = domain.Change{
			Number: d.Number, Kind: d.Kind, RefundID: d.RefundID, From: d.From.decode(), To: d.To.decode(),
			By: domain.By{Actor: d.Actor, Time: d.ChangeTime.UTC(), Reason: d.Reason, Postback: d.Postback},
		}
	}
	return changes
}

func encodeState(s domain.State) stateDocument {
	return stateDocument{
		Status: s.Status, Outcome: s.Outcome, Reason: s.Reason, Publisher: s.Publisher, Coupon: s.Coupon,
		Method: &s.Method, CouponCode: &s.CouponCode,
		Amount: encodeMoney(s.Amount), Refunded: encodeMoney(s.Refunded), Payout: encodeMoney(s.Payout), Revenue: encodeMoney(s.Revenue),
	}
}

func (d *stateDocument) decode() domain.State {
	state := domain.State{
		Status: d.Status, Outcome: d.Outcome, Reason: d.Reason, Publisher: d.Publisher, Coupon: d.Coupon,
		Amount: d.Amount.decode(), Refunded: d.Refunded.decode(), Payout: d.Payout.decode(), Revenue: d.Revenue.decode(),
	}
	if d.Method != nil && d.CouponCode != nil {
		state.Method, state.CouponCode = *d.Method, *d.CouponCode
	}
	return state
}

func encodeConflicts(conflicts []domain.Conflict) []conflictDocument {
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

func decodeConflicts(documents []conflictDocument) []domain.Conflict {
	if len(documents) == 0 {
		return nil
	}
	conflicts := make([]domain.Conflict, len(documents))
	for i, d := range documents {
		conflicts[i] = domain.Conflict{
			Number: d.Number, Time: d.CreateTime.UTC(), Count: d.Count, ContentHash: d.ContentHash, Postback: d.Postback,
			Amount: d.Amount.decode(), Code: d.CouponCode, Click: d.Click, Publisher: d.Publisher, Resolution: d.Resolution,
		}
	}
	return conflicts
}
