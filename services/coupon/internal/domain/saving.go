package domain

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// Saving is what a discount takes off a basket. Its amounts are in whole smallest units of the basket's currency.
type Saving struct {
	// Reason says why the discount does not apply; NoReason if it does. If it does not, Total, Lines and Shipping are
	// unset.
	Reason Reason
	// Missing is how much the lines are below the minimum if Reason is BelowMinimum.
	Missing money.Money
	// Total is the sum of Lines and Shipping.
	Total money.Money
	// Lines has what is taken off each line, in the basket's order.
	Lines    []money.Money
	Shipping money.Money
}

// Save returns what a discount takes off a basket, which must have passed CheckBasket. The order of the lines does not
// change what is taken off each.
func Save(d discount.Discount, b Basket) Saving {
	bounds, supported := boundsOf(d, b.Currency)
	if !supported {
		return Saving{Reason: CurrencyNotSupported}
	}
	if d.FirstOrderOnly && !b.FirstOrder {
		return Saving{Reason: NotFirstOrder}
	}
	var order, eligible int64
	amounts := make([]int64, len(b.Lines)) // of the eligible lines, in smallest units; 0 for the others
	any, filter := false, filterOf(d)
	for i := range b.Lines {
		amount, _ := b.Lines[i].Amount.Minor()
		order += amount
		if filter.passes(&b.Lines[i]) {
			any = true
			amounts[i], eligible = amount, eligible+amount
		}
	}
	if !any {
		return Saving{Reason: NoEligibleItem}
	}
	if order < bounds.minimum {
		return Saving{Reason: BelowMinimum, Missing: money.OfMinor(bounds.minimum-order, b.Currency)}
	}
	var lines, shipping int64
	switch d.Kind {
	case discount.Percent:
		lines, _ = money.OfMinor(eligible, b.Currency).Percent(d.Percent).Minor()
	case discount.Fixed:
		lines = min(bounds.fixed, eligible)
	case discount.FreeShipping:
		shipping, _ = b.Shipping.Minor()
	}
	if bounds.isCapped {
		lines, shipping = min(lines, bounds.maximum), min(shipping, bounds.maximum)
	}
	s := Saving{Total: money.OfMinor(lines+shipping, b.Currency), Shipping: money.OfMinor(shipping, b.Currency)}
	for _, n := range share(lines, amounts, b.Lines) {
		s.Lines = append(s.Lines, money.OfMinor(n, b.Currency))
	}
	return s
}

// bounds are a discount's amounts in one currency, in smallest units.
type bounds struct {
	fixed, minimum, maximum int64
	isCapped                bool
}

// boundsOf returns a discount's amounts in a currency. isSupported is false if the discount has amounts of a kind, but none
// in that currency.
func boundsOf(d discount.Discount, currency string) (found bounds, isSupported bool) {
	isSupported = true
	in := func(amounts money.Amounts) int64 {
		if amounts == "" {
			return 0
		}
		m := amounts.In(currency)
		if m.IsNone() {
			isSupported = false
			return 0
		}
		n, _ := m.Minor()
		return n
	}
	found.fixed, found.minimum, found.maximum = in(d.Fixed), in(d.Minimum), in(d.Maximum)
	found.isCapped = d.Maximum != ""
	return found, isSupported
}

// idFilter says which lines a discount is for.
type idFilter struct{ included, excluded map[string]bool }

func filterOf(d discount.Discount) idFilter {
	set := func(ids discount.IDs) map[string]bool {
		if ids == "" {
			return nil
		}
		found := map[string]bool{}
		for _, id := range ids.List() {
			found[id] = true
		}
		return found
	}
	return idFilter{included: set(d.Included), excluded: set(d.Excluded)}
}

func (f idFilter) passes(line *BasketLine) bool {
	in := func(ids map[string]bool) bool {
		return ids[line.ID] || slices.ContainsFunc(line.Categories, func(category string) bool { return ids[category] })
	}
	return (f.included == nil || in(f.included)) && (f.excluded == nil || !in(f.excluded))
}

// share divides total in proportion to amounts, all in smallest units, by the largest remainder method: each share is
// rounded down, and the rest goes, one unit each, to the shares that lost most. Ties go to the larger amount, then to the
// lower id, then to the earlier line. total must be at most the sum of amounts; then no share exceeds its amount.
func share(total int64, amounts []int64, lines []BasketLine) []int64 {
	var sum uint64
	for _, amount := range amounts {
		sum += uint64(amount) //nolint:gosec // not negative
	}
	shares := make([]int64, len(amounts))
	if total == 0 {
		return shares
	}
	left, lost := total, make([]uint64, len(amounts))
	for i, amount := range amounts {
		high, low := bits.Mul64(uint64(total), uint64(amount)) //nolint:gosec // not negative
		quotient, remainder := bits.Div64(high, low, sum)
		shares[i], lost[i] = int64(quotient), remainder //nolint:gosec // at most amount
		left -= shares[i]
	}
	order := make([]int, len(amounts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(lost[b], lost[a]), cmp.Compare(amounts[b], amounts[a]), cmp.Compare(lines[a].ID, lines[b].ID))
	})
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}
