package attribution_test

import (
	"fmt"

	"github.com/couponlink/couponlink/services/internal/money"
)

// cash is an amount in hundredths of a currency's unit, whatever its coins; none without a currency.
type cash struct {
	currency string
	cents    int64
}

func (c cash) String() string {
	if c == (cash{}) {
		return "none"
	}
	return fmt.Sprintf("%d.%02d %s", c.cents/100, c.cents%100, c.currency)
}

// less returns what is left of c; none counts as nothing.
func (c cash) less(other cash) cash { return cash{c.currency, c.cents - other.cents} }

func (c cash) money() money.Money {
	return money.Money{Currency: c.currency, Units: c.cents / 100, Nanos: int32(c.cents % 100 * 10_000_000)}
}

// cashOf is the inverse of money. ok is false for what the model does not have: fractions of a cent, debts, and
// amounts of no currency.
func cashOf(m money.Money) (_ cash, ok bool) {
	ok = m.Nanos%10_000_000 == 0 && m.Units >= 0 && m.Nanos >= 0 && (m.Currency != "" || m == money.Money{})
	return cash{m.Currency, m.Units*100 + int64(m.Nanos)/10_000_000}, ok
}

// share is what is due for a sale: an amount, or ten-thousandths of a percent, at most so much; nothing
// where it is zero.
type share struct {
	fixed   cash
	percent int64
	most    cash
}

// of returns what is due for an amount. unsure says that nobody can tell whether it is too much, since
// the cap is in another currency.
func (s share) of(amount cash) (due cash, unsure bool) {
	if s.percent == 0 {
		return s.fixed, false
	}
	if amount == (cash{}) {
		return cash{}, false
	}
	coin := int64(1)
	if amount.currency == "JPY" {
		coin = 100
	}
	// Half-even, in whole coins.
	whole := 100 * 10_000 * coin
	coins, rest := amount.cents*s.percent/whole, amount.cents*s.percent%whole
	if 2*rest > whole || 2*rest == whole && coins%2 == 1 {
		coins++
	}
	due = cash{amount.currency, coins * coin}
	if s.most != (cash{}) && s.most.currency != due.currency {
		return due, true
	}
	if s.most != (cash{}) && due.cents > s.most.cents {
		return s.most, false
	}
	return due, false
}
