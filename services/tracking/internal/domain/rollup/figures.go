package rollup

import (
	"maps"
	"slices"

	"github.com/couponlink/couponlink/services/internal/money"
)

// Figures are totals of clicks and conversions: cells added up by currency, whatever their other keys.
type Figures struct {
	byCurrency map[string]Measures
}

func (f *Figures) Add(c Cell) {
	if f.byCurrency == nil {
		f.byCurrency = map[string]Measures{}
	}
	f.byCurrency[c.Key.Currency] = f.byCurrency[c.Key.Currency].Plus(c.Measures)
}

// IsZero reports whether all figures are zero.
func (f *Figures) IsZero() bool {
	for _, m := range f.byCurrency {
		if m != (Measures{}) {
			return false
		}
	}
	return true
}

// Clicks returns the number of clicks.
func (f *Figures) Clicks() int64 { return f.byCurrency[""].Clicks }

// Conversions returns the number of conversions.
func (f *Figures) Conversions() int64 { return f.byCurrency[""].Conversions }

// Clickless returns the number of conversions reported without a click.
func (f *Figures) Clickless() int64 { return f.byCurrency[""].Clickless }

// WithoutClicks returns the figures with the clicks set to zero.
func (f *Figures) WithoutClicks() Figures {
	without := Figures{byCurrency: maps.Clone(f.byCurrency)}
	if counts, ok := without.byCurrency[""]; ok {
		counts.Clicks = 0
		without.byCurrency[""] = counts
	}
	return without
}

// Amounts returns the sale amounts, one sum per currency in the order of the currencies. This and the
// methods below leave out sums of zero.
func (f *Figures) Amounts() []money.Money { return f.money(func(m Measures) Sum { return m.Amount }) }

// Discounts returns what shoppers saved, as reported.
func (f *Figures) Discounts() []money.Money {
	return f.money(func(m Measures) Sum { return m.Discount })
}

// Refunded returns the refunded part of Amounts.
func (f *Figures) Refunded() []money.Money {
	return f.money(func(m Measures) Sum { return m.Refunded })
}

// Payouts returns what publishers earned.
func (f *Figures) Payouts() []money.Money { return f.money(func(m Measures) Sum { return m.Payout }) }

// Revenues returns what advertisers owe.
func (f *Figures) Revenues() []money.Money {
	return f.money(func(m Measures) Sum { return m.Revenue })
}

func (f *Figures) money(of func(Measures) Sum) []money.Money {
	var sums []money.Money
	for _, currency := range slices.Sorted(maps.Keys(f.byCurrency)) {
		if sum := of(f.byCurrency[currency]).Money(currency); currency != "" && !sum.IsZero() {
			sums = append(sums, sum)
		}
	}
	return sums
}
