package domain

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// basket returns a basket of lines such as "shirt/clothes 20.00": an id, categories and an amount. The line "shipping" is
// the price of shipping.
func basket(t *testing.T, currency string, lines ...string) Basket {
	t.Helper()
	b := Basket{Currency: currency, Shipping: money.Money{Currency: currency}}
	for _, line := range lines {
		ids, number, _ := strings.Cut(line, " ")
		amount, err := money.ParseAmount(number, currency)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Split(ids, "/")
		if ids == "shipping" {
			b.Shipping = amount
			continue
		}
		b.Lines = append(b.Lines, BasketLine{ID: all[0], Categories: all[1:], Quantity: 1, Amount: amount})
	}
	return b
}

// text returns a saving as "TOTAL = LINE + LINE + SHIPPING", or as its reason and what is missing.
func text(s Saving) string {
	if s.Reason != NoReason {
		return strings.TrimSpace(string(s.Reason) + " " + s.Missing.Decimal())
	}
	parts := make([]string, 0, len(s.Lines)+1)
	for _, line := range append(s.Lines, s.Shipping) {
		parts = append(parts, line.Decimal())
	}
	return s.Total.Decimal() + " = " + strings.Join(parts, " + ")
}

func TestSave(t *testing.T) {
	for _, c := range []struct{ name, discount, currency, lines, want string }{
		{"a fifth of euros", "20%", "EUR", "shirt 49.90, socks 9.95, shipping 4.90", "11.97 = 9.98 + 1.99 + 0.00"},
		{"a fifth of yen", "20%", "JPY", "shirt 4999, socks 998, shipping 500", "1199 = 999 + 200 + 0"},
		{"an eighth of dinars", "12.5%", "KWD", "shirt 1.250, socks 0.333, shipping 1.000", "0.198 = 0.156 + 0.042 + 0.000"},
		{"half a cent is rounded to even, down", "50%", "EUR", "shirt 0.01", "0.00 = 0.00 + 0.00"},
		{"half a cent is rounded to even, up", "50%", "EUR", "shirt 0.03", "0.02 = 0.02 + 0.00"},
		{"a percent of a percent", "0.01%", "EUR", "shirt 100", "0.01 = 0.01 + 0.00"},
		{"everything", "100%", "EUR", "shirt 49.90, socks 9.95, shipping 4.90", "59.85 = 49.90 + 9.95 + 0.00"},
		{"ten euros in thirds", "10 EUR", "EUR", "c 20, a 20, b 20", "10.00 = 3.33 + 3.34 + 3.33 + 0.00"},
		{"ten yen in sevenths", "10 JPY", "JPY", "a 30, b 40", "10 = 4 + 6 + 0"},
		{"a fils in two", "0.001 KWD", "KWD", "a 1, b 2", "0.001 = 0.000 + 0.001 + 0.000"},
		{"more than the basket", "100 EUR", "EUR", "shirt 49.90, shipping 4.90", "49.90 = 49.90 + 0.00"},
		{"fixed in another currency", "10 EUR, 11 USD", "USD", "shirt 49.90", "11.00 = 11.00 + 0.00"},
		{"fixed in no such currency", "10 EUR", "USD", "shirt 49.90", "CURRENCY_NOT_SUPPORTED"},
		{"a minimum in no such currency", "20%; from 10 EUR", "USD", "shirt 49.90", "CURRENCY_NOT_SUPPORTED"},
		{"a cap in no such currency", "20%; at most 10 EUR", "USD", "shirt 49.90", "CURRENCY_NOT_SUPPORTED"},
		{"free shipping", "free shipping", "EUR", "shirt 49.90, shipping 4.90", "4.90 = 0.00 + 4.90"},
		{"free shipping, at most", "free shipping; at most 4 EUR", "EUR", "shirt 49.90, shipping 4.90", "4.00 = 0.00 + 4.00"},
		{"free shipping that costs nothing", "free shipping", "EUR", "shirt 49.90", "0.00 = 0.00 + 0.00"},
		{"under the cap", "20%; at most 10 EUR", "EUR", "shirt 49.90", "9.98 = 9.98 + 0.00"},
		{"over the cap", "20%; at most 9 EUR", "EUR", "shirt 49.90, socks 10", "9.00 = 7.50 + 1.50 + 0.00"},
		{"exactly the minimum", "20%; from 50 EUR", "EUR", "shirt 49.90, socks 0.10, shipping 4.90", "10.00 = 9.98 + 0.02 + 0.00"},
		{"below the minimum", "20%; from 50 EUR", "EUR", "shirt 49.90, shipping 4.90", "BELOW_MINIMUM 0.10"},
		{"below a minimum of yen", "20%; from 7000 JPY", "JPY", "shirt 4999", "BELOW_MINIMUM 2001"},
		{"not the first order", "20%; first order only", "EUR", "shirt 49.90", "NOT_FIRST_ORDER"},
		{"only some, by id and category", "10%; only shirt, bags", "EUR", "shirt 10, socks 10, tote/bags 10", "2.00 = 1.00 + 0.00 + 1.00 + 0.00"},
		{"not some", "10%; not gift, sale", "EUR", "shirt 10, gift 10, tote/bags/sale 10", "1.00 = 1.00 + 0.00 + 0.00 + 0.00"},
		{"exclusion wins", "10%; only bags; not sale", "EUR", "tote/bags/sale 10, sack/bags 10", "1.00 = 0.00 + 1.00 + 0.00"},
		{"ids differ by case", "10%; only SHIRT", "EUR", "shirt 10", "NO_ELIGIBLE_ITEM"},
		{"other lines count to the minimum", "10%; from 15 EUR; only shirt", "EUR", "shirt 10, socks 5", "1.00 = 1.00 + 0.00 + 0.00"},
		{"fixed off the lines it is for", "30 EUR; only shirt", "EUR", "shirt 10, socks 50", "10.00 = 10.00 + 0.00 + 0.00"},
		{"free shipping for some", "free shipping; only shirt", "EUR", "socks 10, shipping 4.90", "NO_ELIGIBLE_ITEM"},
		{"an empty basket", "10%", "EUR", "shipping 4.90", "NO_ELIGIBLE_ITEM"},
		{"lines that cost nothing", "10%", "EUR", "shirt 0, socks 0", "0.00 = 0.00 + 0.00 + 0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := discount.Parse(c.discount)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(Save(d, basket(t, c.currency, strings.Split(c.lines, ", ")...))); got != c.want {
				t.Errorf("%s of %s: %s, want %s", c.discount, c.lines, got, c.want)
			}
		})
	}
}

func TestSaveFirstOrder(t *testing.T) {
	b := basket(t, "EUR", "shirt 10")
	b.FirstOrder = true
	if got := text(Save(discount.Discount{Kind: discount.Percent, Percent: 100_000, FirstOrderOnly: true}, b)); got != "1.00 = 1.00 + 0.00" {
		t.Errorf("got %s", got)
	}
}

func TestCheckBasket(t *testing.T) {
	eur := func(units int64, nanos int32) money.Money {
		return money.Money{Currency: "EUR", Units: units, Nanos: nanos}
	}
	for want, b := range map[string]Basket{
		"basket.currency_code":       {},
		"basket.lines":               {Currency: "EUR", Lines: make([]BasketLine, MaxBasketLines+1)},
		"basket.lines[1].amount":     {Currency: "EUR", Lines: []BasketLine{{}, {Amount: money.Money{Currency: "USD", Units: 1}}}},
		"basket.lines[0].amount":     {Currency: "EUR", Lines: []BasketLine{{Amount: eur(-1, 0)}}},
		"basket.lines[2].amount":     {Currency: "JPY", Lines: []BasketLine{{}, {}, {Amount: money.Money{Units: 1, Nanos: 500_000_000}}}},
		"basket.shipping":            {Currency: "EUR", Shipping: eur(1, 1)},
		"basket.lines[0].id":         {Currency: "EUR", Lines: []BasketLine{{ID: strings.Repeat("x", 101)}}},
		"basket.lines[0].categories": {Currency: "EUR", Lines: []BasketLine{{Categories: make([]string, MaxLineCategories+1)}}},
		"basket.lines[1].categories": {Currency: "EUR", Lines: []BasketLine{{}, {Categories: []string{strings.Repeat("x", 101)}}}},
		"basket.lines[0].quantity":   {Currency: "EUR", Lines: []BasketLine{{Quantity: MaxLineQuantity + 1}}},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := CheckBasket(b)
			refused(t, err, apperr.InvalidArgument, "INVALID_BASKET", want)
		})
	}
	most := Basket{Currency: "EUR", Lines: []BasketLine{{Amount: eur(money.MaxUnits, 0)}, {Amount: eur(1, 0)}}}
	_, err := CheckBasket(most)
	refused(t, err, apperr.InvalidArgument, "INVALID_BASKET", "basket.lines")

	got, err := CheckBasket(Basket{Currency: "eur", Lines: []BasketLine{{ID: " a\n", Categories: []string{" b "}, Amount: money.Money{Units: 3}}, {Amount: money.Money{Currency: "Eur", Units: 2}}}})
	if err != nil || got.Currency != "EUR" || got.Lines[0].Amount != eur(3, 0) || got.Lines[1].Amount != eur(2, 0) || got.Shipping != eur(0, 0) ||
		got.Lines[0].ID != "a" || got.Lines[0].Categories[0] != "b" {
		t.Errorf("got %+v, %v", got, err)
	}
}
