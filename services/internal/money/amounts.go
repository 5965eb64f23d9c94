package money

import (
	"fmt"
	"slices"
	"strings"
)

// MaxAmounts is the largest number of currencies in Amounts.
const MaxAmounts = 20

// Amounts is an amount in each of several currencies, as text: "50.00 EUR,7000 JPY", ordered by currency. "" means none.
// It is a string so that structs with it are comparable and stored amounts are readable.
type Amounts string

// AmountsOf returns the amounts of a list. The error says which entry is at fault: each must be more than zero, in whole
// smallest units of its currency, and the only one in it.
func AmountsOf(list []Money) (Amounts, error) {
	if len(list) > MaxAmounts {
		return "", fmt.Errorf("there are %d amounts; at most %d are allowed", len(list), MaxAmounts)
	}
	sorted := make([]Money, len(list))
	for i, m := range list {
		if err := m.Check(); err != nil {
			return "", err
		}
		m.Currency = strings.ToUpper(m.Currency)
		switch {
		case m.IsZero():
			return "", fmt.Errorf("an amount is 0 %s; it must be more than 0", m.Currency)
		case m.IsFine():
			return "", fmt.Errorf("%s is finer than the smallest unit of %s, which has %d decimal places", m, m.Currency, m.Decimals())
		}
		sorted[i] = m
	}
	slices.SortFunc(sorted, func(a, b Money) int { return strings.Compare(a.Currency, b.Currency) })
	var text strings.Builder
	for i, m := range sorted {
		if i > 0 && sorted[i-1].Currency == m.Currency {
			return "", fmt.Errorf("there are two amounts in %s", m.Currency)
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(m.Decimal() + " " + m.Currency)
	}
	return Amounts(text.String()), nil
}

// List returns the amounts, ordered by currency.
func (a Amounts) List() []Money {
	var list []Money
	for text := range a.texts() {
		list = append(list, parsed(text))
	}
	return list
}

// In returns the amount in a currency, whose code is in upper case; None if it has no amount.
func (a Amounts) In(currencyCode string) Money {
	for text := range a.texts() {
		if strings.HasSuffix(text, " "+currencyCode) {
			return parsed(text)
		}
	}
	return Money{}
}

// texts returns each amount's text.
func (a Amounts) texts() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if a != "" {
			strings.SplitSeq(string(a), ",")(yield)
		}
	}
}

// parsed returns the amount that AmountsOf wrote; None for any other text.
func parsed(text string) Money {
	number, currency, _ := strings.Cut(text, " ")
	m, err := ParseAmount(number, currency)
	if err != nil {
		return Money{}
	}
	return m
}
