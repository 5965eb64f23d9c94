package sqlitestore

import (
	"encoding/json"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// storedHistory is what happened to a conversion as it is stored, in JSON. Times are in Unix
// milliseconds; what is empty is left out.
type storedHistory struct {
	Changes   []storedChange   `json:"changes,omitempty"`
	Conflicts []storedConflict `json:"conflicts,omitempty"`
}

type storedChange struct {
	Number     int               `json:"number"`
	Kind       domain.ChangeKind `json:"kind"`
	Actor      string            `json:"actor,omitempty"`
	ChangeTime int64             `json:"change_time"`
	Reason     string            `json:"reason,omitempty"`
	Postback   string            `json:"postback,omitempty"`
	RefundID   string            `json:"refund_id,omitempty"`
	From       storedState       `json:"from"`
	To         storedState       `json:"to"`
}

type storedState struct {
	Status    domain.Status  `json:"status,omitempty"`
	Outcome   domain.Outcome `json:"outcome,omitempty"`
	Reason    domain.Reason  `json:"reason,omitempty"`
	Publisher string         `json:"publisher,omitempty"`
	Coupon    string         `json:"coupon,omitempty"`
	// Method and CouponCode are nil in what was stored before they were kept.
	Method         *domain.Method `json:"method,omitempty"`
	CouponCode     *string        `json:"coupon_code,omitempty"`
	Amount         storedMoney    `json:"amount,omitzero"`
	RefundedAmount storedMoney    `json:"refunded_amount,omitzero"`
	Payout         storedMoney    `json:"payout,omitzero"`
	Revenue        storedMoney    `json:"revenue,omitzero"`
}

type storedConflict struct {
	Number       int               `json:"number"`
	ConflictTime int64             `json:"conflict_time"`
	Count        int               `json:"count"`
	ContentHash  string            `json:"content_hash,omitempty"`
	Postback     string            `json:"postback,omitempty"`
	Amount       storedMoney       `json:"amount,omitzero"`
	CouponCode   string            `json:"coupon_code,omitempty"`
	Click        string            `json:"click,omitempty"`
	Publisher    string            `json:"publisher,omitempty"`
	Resolution   domain.Resolution `json:"resolution,omitempty"`
}

type storedMoney struct {
	Currency string `json:"currency"`
	Units    int64  `json:"units,omitempty"`
	Nanos    int32  `json:"nanos,omitempty"`
}

// encodeHistory returns a conversion's changes and conflicts as they are stored; none are the empty text.
func encodeHistory(c *domain.Conversion) (string, error) {
	if len(c.Changes) == 0 && len(c.Conflicts) == 0 {
		return "", nil
	}
	s := storedHistory{Changes: make([]storedChange, len(c.Changes)), Conflicts: make([]storedConflict, len(c.Conflicts))}
	for i, change := range c.Changes {
		s.Changes[i] = storedChange{
			Number: change.Number, Kind: change.Kind, Actor: change.By.Actor, ChangeTime: change.By.Time.UnixMilli(), Reason: change.By.Reason,
			Postback: change.By.Postback, RefundID: change.RefundID, From: encodeState(change.From), To: encodeState(change.To),
		}
	}
	for i, conflict := range c.Conflicts {
		s.Conflicts[i] = storedConflict{
			Number: conflict.Number, ConflictTime: conflict.Time.UnixMilli(), Count: conflict.Count, ContentHash: conflict.ContentHash,
			Postback: conflict.Postback, Amount: storedMoney(conflict.Amount), CouponCode: conflict.Code, Click: conflict.Click,
			Publisher: conflict.Publisher, Resolution: conflict.Resolution,
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("writing a history: %w", err)
	}
	return string(text), nil
}

func encodeState(s domain.State) storedState {
	return storedState{
		Status: s.Status, Outcome: s.Outcome, Reason: s.Reason, Publisher: s.Publisher, Coupon: s.Coupon,
		Method: &s.Method, CouponCode: &s.CouponCode, Amount: storedMoney(s.Amount),
		RefundedAmount: storedMoney(s.Refunded), Payout: storedMoney(s.Payout), Revenue: storedMoney(s.Revenue),
	}
}

// decodeHistory is the inverse of encodeHistory.
func decodeHistory(text string, c *domain.Conversion) error {
	if text == "" {
		return nil
	}
	var s storedHistory
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("reading a history: %w", err)
	}
	for _, change := range s.Changes {
		c.Changes = append(c.Changes, domain.Change{
			Number: change.Number, Kind: change.Kind, RefundID: change.RefundID, From: change.From.decode(), To: change.To.decode(),
			By: domain.By{Actor: change.Actor, Time: fromMillis(change.ChangeTime), Reason: change.Reason, Postback: change.Postback},
		})
	}
	c.Backfill(func(change int) bool { return s.Changes[change].From.Method == nil })
	for _, conflict := range s.Conflicts {
		c.Conflicts = append(c.Conflicts, domain.Conflict{
			Number: conflict.Number, Time: fromMillis(conflict.ConflictTime), Count: conflict.Count, ContentHash: conflict.ContentHash,
			Postback: conflict.Postback, Amount: money.Money(conflict.Amount), Code: conflict.CouponCode, Click: conflict.Click,
			Publisher: conflict.Publisher, Resolution: conflict.Resolution,
		})
	}
	return nil
}

func (s storedState) decode() domain.State {
	state := domain.State{
		Status: s.Status, Outcome: s.Outcome, Reason: s.Reason, Publisher: s.Publisher, Coupon: s.Coupon, Amount: money.Money(s.Amount),
		Refunded: money.Money(s.RefundedAmount), Payout: money.Money(s.Payout), Revenue: money.Money(s.Revenue),
	}
	if s.Method != nil && s.CouponCode != nil {
		state.Method, state.CouponCode = *s.Method, *s.CouponCode
	}
	return state
}
