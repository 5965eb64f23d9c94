package discount

import (
	"fmt"
	"strings"

	"github.com/couponlink/couponlink/services/internal/money"
)

// The words that begin the parts of a text.
const (
	freeShipping = "free shipping"
	from         = "from "
	atMost       = "at most "
	firstOrder   = "first order only"
	only         = "only "
	not          = "not "
)

// String returns the discount as written in files, for Parse to read: parts separated by semicolons, such as
//
//	12.5%; from 50 EUR, 55 USD; at most 30 EUR, 33 USD; first order only; only shoes, bags; not gift-cards
//	5 EUR, 6 USD; from 50 EUR, 60 USD
//	free shipping
//
// It returns "" for no discount.
func (d Discount) String() string {
	var parts []string
	switch d.Kind {
	case Percent:
		parts = append(parts, money.FormatPercent(d.Percent)+"%")
	case Fixed:
		parts = append(parts, amountsText(d.Fixed, ", "))
	case FreeShipping:
		parts = append(parts, freeShipping)
	default:
		return ""
	}
	if d.Minimum != "" {
		parts = append(parts, from+amountsText(d.Minimum, ", "))
	}
	if d.Maximum != "" {
		parts = append(parts, atMost+amountsText(d.Maximum, ", "))
	}
	if d.FirstOrderOnly {
		parts = append(parts, firstOrder)
	}
	if d.Included != "" {
		parts = append(parts, only+strings.Join(d.Included.List(), ", "))
	}
	if d.Excluded != "" {
		parts = append(parts, not+strings.Join(d.Excluded.List(), ", "))
	}
	return strings.Join(parts, "; ")
}

// Offer returns the discount for publishers and shoppers: "20 % off, from 50 EUR". It leaves the shop's ids out. It
// returns "" for no discount.
func (d Discount) Offer() string {
	var text string
	switch d.Kind {
	case Percent:
		text = money.FormatPercent(d.Percent) + " % off"
	case Fixed:
		text = amountsText(d.Fixed, " or ") + " off"
	case FreeShipping:
		text = "Free shipping"
	default:
		return ""
	}
	if d.Included != "" || d.Excluded != "" {
		text += " on selected products"
	}
	if d.Minimum != "" {
		text += ", from " + amountsText(d.Minimum, " or ")
	}
	if d.Maximum != "" {
		text += ", at most " + amountsText(d.Maximum, " or ")
	}
	if d.FirstOrderOnly {
		text += ", first order only"
	}
	return text
}

// Parse reads what String wrote. Spaces, the case of the words and of currencies, and the order of the parts after the
// first do not matter. The error says what cannot be read.
func Parse(text string) (Discount, error) {
	var d Discount
	for i, part := range strings.Split(text, ";") {
		if err := d.read(strings.TrimSpace(part), i == 0); err != nil {
			return Discount{}, err
		}
	}
	if _, err := d.Check(); err != nil {
		return Discount{}, err
	}
	return d, nil
}

// read reads one part.
func (d *Discount) read(part string, isFirst bool) (err error) {
	word := func(prefix string) (string, bool) {
		if len(part) < len(prefix) || !strings.EqualFold(part[:len(prefix)], prefix) {
			return "", false
		}
		return part[len(prefix):], true
	}
	if isFirst {
		return d.readKind(part)
	}
	if strings.EqualFold(part, firstOrder) {
		return once(&d.FirstOrderOnly, true, part)
	}
	if rest, ok := word(from); ok {
		return readAmounts(&d.Minimum, rest, part)
	}
	if rest, ok := word(atMost); ok {
		return readAmounts(&d.Maximum, rest, part)
	}
	if rest, ok := word(only); ok {
		return readIDs(&d.Included, rest, part)
	}
	if rest, ok := word(not); ok {
		return readIDs(&d.Excluded, rest, part)
	}
	return fmt.Errorf("%.60q is not a condition of a discount; write from, at most, only or not and their values, or first order only", part)
}

func (d *Discount) readKind(part string) error {
	if percent, ok := strings.CutSuffix(part, "%"); ok {
		p, err := money.ParsePercent(strings.TrimSpace(percent))
		d.Kind, d.Percent = Percent, p
		return err
	}
	if strings.EqualFold(part, freeShipping) {
		d.Kind = FreeShipping
		return nil
	}
	d.Kind = Fixed
	if err := readAmounts(&d.Fixed, part, part); err != nil {
		return fmt.Errorf("%.60q is not a percentage such as 20%%, amounts such as 5 EUR, or free shipping: %w", part, err)
	}
	return nil
}

// once sets a part that may occur only once.
func once[T comparable](at *T, value T, part string) error {
	var unset T
	if *at != unset {
		return fmt.Errorf("%.60q repeats a condition; write it once", part)
	}
	*at = value
	return nil
}

func readAmounts(at *money.Amounts, text, part string) error {
	list, err := ParseAmounts(text)
	if err != nil {
		return err
	}
	amounts, err := money.AmountsOf(list)
	if err != nil {
		return err
	}
	return once(at, amounts, part)
}

func readIDs(at *IDs, text, part string) error {
	ids, err := IDsOf(strings.Split(text, ","))
	if err != nil {
		return err
	}
	return once(at, ids, part)
}

// ParseAmounts reads amounts separated by commas, each a decimal and a currency: "50 EUR, 55.50 USD".
func ParseAmounts(text string) ([]money.Money, error) {
	parts := strings.Split(text, ",")
	list := make([]money.Money, len(parts))
	for i, part := range parts {
		words := strings.Fields(part)
		if len(words) != 2 {
			return nil, fmt.Errorf("%.40q is not an amount and its currency, such as 50 EUR", strings.TrimSpace(part))
		}
		currency, err := money.ParseCurrency(words[1])
		if err != nil {
			return nil, err
		}
		if list[i], err = money.ParseAmount(words[0], currency); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// amountsText returns amounts as AmountText does.
func amountsText(a money.Amounts, separator string) string {
	var texts []string
	for _, m := range a.List() {
		texts = append(texts, AmountText(m))
	}
	return strings.Join(texts, separator)
}

// AmountText returns an amount for people: "50 EUR", "49.90 EUR".
func AmountText(m money.Money) string {
	if m.Nanos == 0 {
		return fmt.Sprintf("%d %s", m.Units, m.Currency)
	}
	return m.Decimal() + " " + m.Currency
}
