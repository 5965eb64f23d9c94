package money

// PayoutKind says how a payout is reckoned.
type PayoutKind string

// The kinds of payout. NoPayout means that nothing was said, not that nothing is earned.
const (
	NoPayout PayoutKind = ""
	Fixed    PayoutKind = "FIXED"
	Percent  PayoutKind = "PERCENT"
)

// Payout is what is due for one conversion: to its publisher, or, as revenue, from its advertiser.
type Payout struct {
	Kind PayoutKind
	// Fixed is the amount of a Fixed payout, in a currency of its own.
	Fixed Money
	// Percent is the share of a Percent payout in ten-thousandths of a percent, 0 to 1,000,000.
	Percent int64
	// Cap is the most that a Percent payout comes to; none: no cap.
	Cap Money
}

// Of returns what is due for a sale of an amount, which may be none. The result is none when nothing
// is due. It is comparable unless the cap is in another currency than the sale: then due is not
// capped, and a person has to look at it.
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

// cappedAt returns the lesser of m and a cap, where both are there. Those of two currencies are not
// comparable: m stays as it is.
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
