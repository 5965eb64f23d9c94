package domain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// The bounds of a basket.
const (
	MaxBasketLines    = 500
	MaxLineCategories = 50
	MaxLineQuantity   = 1_000_000
)

// Basket is what a shopper is about to buy. Its amounts are in one currency.
type Basket struct {
	Currency string
	Lines    []BasketLine
	// Shipping is None if the shop does not know it yet.
	Shipping   money.Money
	FirstOrder bool
}

// BasketLine is a line of a basket.
type BasketLine struct {
	// ID and Categories are the shop's own ids.
	ID         string
	Categories []string
	Quantity   int64
	// Amount is the total of the line, not the price of one piece.
	Amount money.Money
}

// CheckBasket returns a basket with its currencies in upper case. Amounts without a currency get the basket's. The error,
// INVALID_BASKET, names each part at fault.
func CheckBasket(b Basket) (Basket, error) {
	currency, err := money.ParseCurrency(b.Currency)
	if err != nil {
		return b, invalid("basket.currency_code", "%v", err)
	}
	b.Currency = currency
	if len(b.Lines) > MaxBasketLines {
		return b, invalid("basket.lines", "there are %d lines; a basket may have %d", len(b.Lines), MaxBasketLines)
	}
	var found apperr.Findings
	sum := money.Money{Currency: currency}
	for i := range b.Lines {
		line, field := &b.Lines[i], fmt.Sprintf("basket.lines[%d]", i)
		found.Add(checkLine(field, line))
		line.Amount, err = basketAmount(field+".amount", line.Amount, currency)
		found.Add(err)
		if err == nil {
			sum = sum.Plus(line.Amount)
		}
	}
	b.Shipping, err = basketAmount("basket.shipping", b.Shipping, currency)
	found.Add(err)
	if err == nil && sum.Plus(b.Shipping).CheckAmount() != nil {
		found.Add(invalid("basket.lines", "the amounts add up to more than the maximum, %d", int64(money.MaxUnits)))
	}
	return b, found.Err()
}

// checkLine trims a line's ids, as those of discounts are, and returns what is wrong with the line, except for its amount.
func checkLine(field string, line *BasketLine) error {
	var found apperr.Findings
	line.ID = strings.TrimSpace(line.ID)
	for i, category := range line.Categories {
		line.Categories[i] = strings.TrimSpace(category)
	}
	if utf8.RuneCountInString(line.ID) > discount.MaxIDChars {
		found.Add(invalid(field+".id", "the id is longer than %d characters", discount.MaxIDChars))
	}
	if len(line.Categories) > MaxLineCategories {
		found.Add(invalid(field+".categories", "there are %d categories; a line may have %d", len(line.Categories), MaxLineCategories))
	}
	for _, category := range line.Categories {
		if utf8.RuneCountInString(category) > discount.MaxIDChars {
			found.Add(invalid(field+".categories", "%.40q… is longer than %d characters", category, discount.MaxIDChars))
		}
	}
	if line.Quantity < 0 || line.Quantity > MaxLineQuantity {
		found.Add(invalid(field+".quantity", "the quantity is %d; it must be from 0 to 1,000,000", line.Quantity))
	}
	return found.Err()
}

// basketAmount checks an amount of a basket. It returns the amount with its currency set.
func basketAmount(field string, m money.Money, currency string) (money.Money, error) {
	if m.IsNone() {
		m.Currency = currency
	}
	m, err := checkAmount(field, m)
	switch {
	case err != nil:
		return m, err
	case m.Currency != currency:
		return m, invalid(field, "the amount is in %s; it must be in the basket's currency, %s", m.Currency, currency)
	case m.IsFine():
		return m, invalid(field, "%s is finer than the smallest unit of %s, which has %d decimal places", m, m.Currency, m.Decimals())
	}
	return m, nil
}
