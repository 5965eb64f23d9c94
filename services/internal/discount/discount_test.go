package discount_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		d            discount.Discount
		text, offers string
	}{
		{discount.Discount{}, "", ""},
		{discount.Discount{Kind: discount.Percent, Percent: 200_000, Minimum: "50.00 EUR"}, "20%; from 50 EUR", "20 % off, from 50 EUR"},
		{
			discount.Discount{
				Kind: discount.Percent, Percent: 125_000, Minimum: "50.00 EUR,55.50 USD", Maximum: "30.00 EUR,33.00 USD", FirstOrderOnly: true,
				Included: "shoes,bags", Excluded: "gift cards",
			},
			"12.5%; from 50 EUR, 55.50 USD; at most 30 EUR, 33 USD; first order only; only shoes, bags; not gift cards",
			"12.5 % off on selected products, from 50 EUR or 55.50 USD, at most 30 EUR or 33 USD, first order only",
		},
		{discount.Discount{Kind: discount.Fixed, Fixed: "5.00 EUR,1.250 KWD"}, "5 EUR, 1.250 KWD", "5 EUR or 1.250 KWD off"},
		{discount.Discount{Kind: discount.FreeShipping}, "free shipping", "Free shipping"},
	} {
		if c.d.String() != c.text || c.d.Offer() != c.offers {
			t.Errorf("%+v:\n%s\n%s\nwant\n%s\n%s", c.d, c.d.String(), c.d.Offer(), c.text, c.offers)
		}
	}
}

func TestParse(t *testing.T) {
	want := discount.Discount{Kind: discount.Percent, Percent: 200_000, Minimum: "50.00 EUR,7000 JPY", FirstOrderOnly: true, Included: "A,b"}
	got, err := discount.Parse(" 20 % ;ONLY A , b,A; First Order Only;From 7000 jpy, 50.00 eur")
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "is not a percentage such as 20%, amounts such as 5 EUR, or free shipping",
		"20":                                    "is not a percentage such as 20%, amounts such as 5 EUR, or free shipping",
		"from 50 EUR":                           "is not a percentage such as 20%, amounts such as 5 EUR, or free shipping",
		"5 XYZ":                                 "is not an ISO 4217 currency code",
		"101%":                                  "is over 100 percent",
		"0%":                                    "a discount of 0 percent is not allowed",
		"20%; 5 EUR":                            "is not a condition of a discount",
		"20%; from 5":                           "is not an amount and its currency, such as 50 EUR",
		"20%; from 5 EUR, 6 EUR":                "there are two amounts in EUR",
		"20%; from 5.005 EUR":                   "is finer than the smallest unit of EUR",
		"20%; from 5 EUR; from 6 EUR":           "repeats a condition",
		"20%; only a,,b":                        "an id is empty",
		"20%; only a; not b, a":                 "is also included",
		"20%; only " + strings.Repeat("x", 101): "is longer than 100 characters",
		"free shipping;":                        "is not a condition of a discount",
	} {
		if got, err := discount.Parse(text); err == nil || !strings.Contains(err.Error(), want) || !got.IsNone() {
			t.Errorf("%s: got %+v, %v, want %s", text, got, err, want)
		}
	}
}

func TestCheckIDs(t *testing.T) {
	ids := func(prefix string, n int) discount.IDs {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint(prefix, i)
		}
		all, err := discount.IDsOf(list)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	d := discount.Discount{Kind: discount.FreeShipping, Included: ids("a", 150), Excluded: ids("b", 50)}
	if field, err := d.Check(); err != nil {
		t.Errorf("200 ids: %s: %v", field, err)
	}
	d.Excluded = ids("b", 51)
	if field, err := d.Check(); field != "excluded_ids" || err == nil {
		t.Errorf("201 ids: %s: %v", field, err)
	}
	for _, bad := range []string{"", " ", "a,b", "a;b", "a\nb", "\xff", strings.Repeat("é", 101)} {
		if _, err := discount.IDsOf([]string{"fine", bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestCheckCurrencies checks that some basket can get a discount.
func TestCheckCurrencies(t *testing.T) {
	for _, c := range []struct {
		fixed, minimum, maximum money.Amounts
		field                   string
	}{
		{"5.00 EUR", "", "", ""},
		{"5.00 EUR,700 JPY", "50.00 EUR", "", ""},
		{"5.00 EUR,700 JPY", "50.00 EUR,6.00 USD", "3.00 EUR", ""},
		{"5.00 EUR", "5.00 USD", "", "minimum_amount"},
		{"", "5.00 USD", "5.00 EUR", "maximum_discount"},
		{"5.00 EUR,700 JPY", "50.00 EUR", "600 JPY", "maximum_discount"},
	} {
		d := discount.Discount{Kind: discount.Fixed, Fixed: c.fixed, Minimum: c.minimum, Maximum: c.maximum}
		if c.fixed == "" {
			d.Kind, d.Percent = discount.Percent, 200_000
		}
		if field, err := d.Check(); field != c.field || (err != nil) != (c.field != "") {
			t.Errorf("%+v: got %s: %v", c, field, err)
		}
	}
}

// TestPropertyTextIsRead checks that Parse reads what String wrote.
func TestPropertyTextIsRead(t *testing.T) {
	amounts := func(t *rapid.T, name string) money.Amounts {
		var list []money.Money
		if !rapid.Bool().Draw(t, name) {
			return ""
		}
		for _, currency := range []string{"EUR", "JPY", "KWD"} {
			if currency == "EUR" || rapid.Bool().Draw(t, name+currency) { // all have one in common
				list = append(list, money.OfMinor(rapid.Int64Range(1, 1_000_000).Draw(t, name), currency))
			}
		}
		all, err := money.AmountsOf(list)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	ids := func(t *rapid.T, name, letters string) discount.IDs {
		all, err := discount.IDsOf(rapid.SliceOfN(rapid.StringMatching("["+letters+"]([ -+./:é%]*["+letters+"])?"), 0, 5).Draw(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	propertytest.Check(t, func(t *rapid.T) {
		d := discount.Discount{
			Kind:    rapid.SampledFrom([]discount.Kind{discount.Percent, discount.Fixed, discount.FreeShipping}).Draw(t, "kind"),
			Minimum: amounts(t, "minimum"), Maximum: amounts(t, "maximum"), FirstOrderOnly: rapid.Bool().Draw(t, "first"),
			Included: ids(t, "included", "a-m"), Excluded: ids(t, "excluded", "n-z"),
		}
		switch d.Kind {
		case discount.Percent:
			d.Percent = rapid.Int64Range(1, 1_000_000).Draw(t, "percent")
		case discount.Fixed:
			d.Fixed = "5.00 EUR,1.250 KWD"
		}
		if got, err := discount.Parse(d.String()); err != nil || got != d {
			t.Fatalf("%s: got %+v, %v, want %+v", d, got, err, d)
		}
	})
}
