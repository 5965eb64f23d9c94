package money

// PayoutKind says how a payout is reckoned.
type PayoutKind string

// The kinds of payout. NoPayout means that nothing was said, not that nothing is earned.
const (
	NoPayout PayoutKind = ""
	Fixed    PayoutKind = "FIXED"
	Percent  PayoutKind = "PERCENT"
)

// Payout is what a publisher earns for one conversion.
type Payout struct {
	Kind PayoutKind
	// Fixed is the amount of a Fixed payout.
	Fixed Money
	// Percent is the share of a Percent payout in ten-thousandths of a percent, 0 to 1,000,000.
	Percent int64
	// Cap is the most that a Percent payout comes to; none: no cap.
	Cap Money
}

// Of returns the payout for a sale of an amount, which may be none. The result is none when
// nothing is due.
func (p Payout) Of(amount Money) Money {
	switch p.Kind {
	case Fixed:
		return p.Fixed
	case Percent:
		return amount.Percent(p.Percent)
	default:
		return Money{}
	}
}
