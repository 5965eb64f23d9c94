package domain

import (
	"fmt"

	"github.com/couponlink/couponlink/services/internal/money"
)

// PayoutBase is the amount that percentage payouts and revenue are computed from.
type PayoutBase string

// The bases. A sale that was reported without its discount is always AsSent.
const (
	AsSent         PayoutBase = "AS_SENT"
	BeforeDiscount PayoutBase = "BEFORE_DISCOUNT"
	AfterDiscount  PayoutBase = "AFTER_DISCOUNT"
)

// earning returns what payout and revenue are of, for the part of a sale's amount that was not refunded. The discount
// counts for that part in proportion.
func (r Rates) earning(amount, discount, left money.Money) money.Money {
	if amount.IsNone() || amount.Currency != discount.Currency {
		return left
	}
	var whole money.Money
	switch r.Base {
	case BeforeDiscount:
		whole = amount.Plus(discount)
	case AfterDiscount:
		whole = money.Money{Currency: amount.Currency}
		if discount.Less(amount) {
			whole = amount.Minus(discount)
		}
	default:
		return left
	}
	return whole.Share(left, amount)
}

// warnOfDiscount returns a warning if payout and revenue should be of an amount that a report does not tell.
func (r Rates) warnOfDiscount(amount, discount money.Money) []string {
	switch {
	case amount.IsNone() || r.Base != BeforeDiscount && r.Base != AfterDiscount:
		return nil
	case discount.IsNone():
		return []string{"discount: was not sent; this offer's payout and revenue depend on it, and are computed from the amount as sent"}
	case r.Base == AfterDiscount && amount.Less(discount):
		return []string{fmt.Sprintf("discount: %s is more than the amount, %s; percentages are computed from zero", discount, amount)}
	default:
		return nil
	}
}
