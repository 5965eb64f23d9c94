package domain

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// drawBasket draws a basket in a currency with 0, 2, 3 or 4 decimal places. Its lines are of every size.
func drawBasket(t *rapid.T) Basket {
	b := Basket{Currency: rapid.SampledFrom([]string{"JPY", "EUR", "KWD", "CLF"}).Draw(t, "currency"), FirstOrder: rapid.Bool().Draw(t, "first order")}
	amount := func(name string) money.Money {
		most := rapid.SampledFrom([]int64{1, 10, 10_000, 1_000_000_000_000}).Draw(t, name+" at most")
		return money.OfMinor(rapid.Int64Range(0, most).Draw(t, name), b.Currency)
	}
	b.Shipping = amount("shipping")
	for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
		b.Lines = append(b.Lines, BasketLine{
			ID: fmt.Sprint(rapid.SampledFrom([]string{"shirt", "socks", "gift"}).Draw(t, "id"), i), Amount: amount("amount"),
			Categories: []string{rapid.SampledFrom([]string{"clothes", "sale", "other"}).Draw(t, "category")},
		})
	}
	return b
}

// drawDiscount draws a discount that can be used in the currency.
func drawDiscount(t *rapid.T, currency string) discount.Discount {
	amounts := func(name string) money.Amounts {
		all, err := money.AmountsOf([]money.Money{money.OfMinor(rapid.Int64Range(1, 20_000).Draw(t, name), currency)})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	d := discount.Discount{Kind: rapid.SampledFrom([]discount.Kind{discount.Percent, discount.Fixed, discount.FreeShipping}).Draw(t, "kind")}
	switch d.Kind {
	case discount.Percent:
		d.Percent = rapid.Int64Range(1, 1_000_000).Draw(t, "percent")
	case discount.Fixed:
		d.Fixed = amounts("fixed")
	}
	if rapid.Bool().Draw(t, "has a minimum") {
		d.Minimum = amounts("minimum")
	}
	if rapid.Bool().Draw(t, "is capped") {
		d.Maximum = amounts("maximum")
	}
	d.FirstOrderOnly = rapid.Bool().Draw(t, "first order only")
	d.Included = rapid.SampledFrom([]discount.IDs{"", "clothes", "shirt0,sale"}).Draw(t, "included")
	d.Excluded = rapid.SampledFrom([]discount.IDs{"", "gift0,sale"}).Draw(t, "excluded")
	return d
}

func minor(m money.Money) int64 {
	n, whole := m.Minor()
	if !whole {
		panic("a saving is finer than the currency")
	}
	return n
}

// TestPropertySaving checks that no part is negative or more than the amount that it is taken off, that the parts add up,
// that the cap holds, that free shipping reduces only shipping, and that other discounts reduce only lines.
func TestPropertySaving(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		d := drawDiscount(t, b.Currency)
		s := Save(d, b)
		if s.Reason != NoReason {
			if s.Lines != nil || !s.Total.IsNone() || !s.Shipping.IsNone() || (s.Reason == BelowMinimum) != (s.Missing.Currency == b.Currency && minor(s.Missing) > 0) {
				t.Fatalf("%s of %+v: %+v", d, b, s)
			}
			return
		}
		if len(s.Lines) != len(b.Lines) || s.Total.Currency != b.Currency || !s.Missing.IsNone() {
			t.Fatalf("%s of %+v: %+v", d, b, s)
		}
		var lines int64
		for i, line := range s.Lines {
			if n := minor(line); n < 0 || n > minor(b.Lines[i].Amount) {
				t.Fatalf("%s of %+v takes %s off %s", d, b, line, b.Lines[i].Amount)
			}
			lines += minor(line)
		}
		shipping := minor(s.Shipping)
		if shipping < 0 || shipping > minor(b.Shipping) || lines+shipping != minor(s.Total) {
			t.Fatalf("%s of %+v: %+v; the lines are %d", d, b, s, lines)
		}
		if d.Maximum != "" && minor(s.Total) > minor(d.Maximum.In(b.Currency)) {
			t.Fatalf("%s of %+v: %s is over the cap", d, b, s.Total)
		}
		if d.Kind == discount.FreeShipping && lines != 0 || d.Kind != discount.FreeShipping && shipping != 0 {
			t.Fatalf("%s of %+v: %+v", d, b, s)
		}
	})
}

// TestPropertySavingIsMonotonic checks that a higher percentage, and a higher cap, never takes off less.
func TestPropertySavingIsMonotonic(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		d := drawDiscount(t, b.Currency)
		d.Kind, d.Fixed, d.Percent = discount.Percent, "", rapid.Int64Range(1, 1_000_000).Draw(t, "percent")
		higher := d
		higher.Percent = rapid.Int64Range(d.Percent, 1_000_000).Draw(t, "higher percent")
		if rapid.Bool().Draw(t, "no cap") {
			higher.Maximum = ""
		}
		less, more := Save(d, b), Save(higher, b)
		if less.Reason != more.Reason || less.Reason == NoReason && minor(less.Total) > minor(more.Total) {
			t.Fatalf("of %+v, %s is %+v and %s is %+v", b, d, less, higher, more)
		}
	})
}

// TestPropertySavingHasNoOrder checks that what is taken off a line does not depend on the order of lines. Each line has
// its own id, because equal lines can swap their shares.
func TestPropertySavingHasNoOrder(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		d := drawDiscount(t, b.Currency)
		places := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range b.Lines {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "places")
		shuffled := b
		shuffled.Lines = make([]BasketLine, len(b.Lines))
		for i, place := range places {
			shuffled.Lines[place] = b.Lines[i]
		}
		one, other := Save(d, b), Save(d, shuffled)
		if one.Reason != other.Reason || one.Total != other.Total || one.Missing != other.Missing {
			t.Fatalf("%s of %+v is %+v; shuffled it is %+v", d, b, one, other)
		}
		for i, line := range one.Lines {
			if line != other.Lines[places[i]] {
				t.Fatalf("%s takes %s off line %d of %+v; shuffled %s", d, line, i, b, other.Lines[places[i]])
			}
		}
	})
}
