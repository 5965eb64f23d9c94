package money

// PayoutKind says how a payout is computed.
type PayoutKind string

// The kinds of payout. NoPayout means that none was given, not that nothing is earned.
const (
	NoPayout PayoutKind = ""
	Fixed    PayoutKind = "FIXED"
	Percent  PayoutKind = "PERCENT"
)

// Payout is what is due for a conversion: to its publisher or, as revenue, from its advertiser.
type Payout struct {
	Kind PayoutKind
	// Fixed is the amount of a Fixed payout. It has its own currency.
	Fixed Money
	// Percent is the share of a Percent payout in ten-thousandths of a percent, 0 to 1,000,000.
	Percent int64
	// Cap is the maximum of a Percent payout; None for no cap.
	Cap Money
}

// Of returns what is due for a sale of an amount, which may be None. It returns None if nothing is due. comparable is
// false if the cap is in another currency than the sale: then due is not capped, and a person must look at it.
func (p Payout) Of(amount Money) (due Money, comparable bool) {
	switch p.Kind {
	case Fixed:
		return p.Fixed, true
	case Percent:
		return amount.Percent(p.Percent).cappedAt(p.Cap)
	default:
		return Money{}, true
	}
}

// cappedAt returns the smaller of m and most, or m if either is None. It does not compare two currencies: then it
// returns m and false.
func (m Money) cappedAt(most Money) (_ Money, comparable bool) {
	switch {
	case m.IsNone() || most.IsNone():
		return m, true
	case m.Currency != most.Currency:
		return m, false
	case m.Units > most.Units || m.Units == most.Units && m.Nanos > most.Nanos:
		return most, true
	default:
		return m, true
	}
}
