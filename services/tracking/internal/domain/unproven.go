package domain

import "github.com/couponlink/couponlink/services/internal/apperr"

// AmountOverLimit is the reason for refusing an amount that came without proof.
const AmountOverLimit = "AMOUNT_OVER_LIMIT"

// CheckUnproven refuses a report without proof whose amount is greater than the offer's OpenPostbackMaxAmount, or
// is in another currency, so that no choice of currency avoids the limit. If the offer pays on amounts before the
// discount, the discount counts too. A report without an amount passes. The
// error is InvalidArgument (AMOUNT_OVER_LIMIT on amount or, for another currency, on currency).
func (o Offer) CheckUnproven(r Report) error {
	most := o.OpenPostbackMaxAmount
	amount := r.AmountIn(o.CurrencyCode)
	switch {
	case most.IsNone() || amount.IsNone():
		return nil
	case amount.Currency != most.Currency:
		return apperr.Invalid(AmountOverLimit, "currency", "is %s; without a token this offer takes amounts in %s only, up to %s", amount.Currency, most.Currency, most)
	case o.PayoutBase == BeforeDiscount && most.Less(amount.Plus(r.DiscountIn(amount.Currency))):
		return apperr.Invalid(AmountOverLimit, "amount", "with the discount, %s is more than %s, the most that this offer takes without a token", amount.Plus(r.DiscountIn(amount.Currency)), most)
	case most.Less(amount):
		return apperr.Invalid(AmountOverLimit, "amount", "%s is more than %s, the most that this offer takes without a token", amount, most)
	}
	return nil
}
