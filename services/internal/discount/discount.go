// Package discount defines what a coupon gives the shopper. It has two texts for it: one in files, which can be parsed,
// and one for publishers and shoppers. It is pure.
//
// Any package may import it; of our packages it imports money only. The coupon service computes what a basket saves.
package discount

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/money"
)

// Kind says how a discount is computed.
type Kind string

// The kinds of discount. None means that the coupon gives no discount that the program knows of.
const (
	None         Kind = ""
	Percent      Kind = "PERCENT"
	Fixed        Kind = "FIXED"
	FreeShipping Kind = "FREE_SHIPPING"
)

// The bounds of ids.
const (
	// MaxIDs is the largest number of included and excluded ids together.
	MaxIDs = 200
	// MaxIDChars is the maximum length of an id, in characters.
	MaxIDChars = 100
)

// Discount is what a coupon gives the shopper. The zero Discount gives nothing.
type Discount struct {
	Kind Kind
	// Percent is the share of a Percent discount in ten-thousandths of a percent, 1 to 1,000,000.
	Percent int64
	// Fixed has the amounts of a Fixed discount.
	Fixed money.Amounts
	// Minimum is the smallest order, without shipping. Empty means any.
	Minimum money.Amounts
	// Maximum is the greatest discount. Empty means no bound.
	Maximum money.Amounts
	// FirstOrderOnly means that the discount is only for a shopper's first order.
	FirstOrderOnly bool
	// Included are the products or categories that the discount is for. Empty means all.
	Included IDs
	// Excluded are products or categories that the discount is not for. They take precedence over Included.
	Excluded IDs
}

// IsNone reports whether there is no discount at all.
func (d Discount) IsNone() bool { return d == Discount{} }

// IDs is a list of a shop's own product or category ids without duplicates, separated by commas. It is a string so that
// structs with it are comparable.
type IDs string

// IDsOf returns a list of ids. It trims spaces and drops duplicates. The error says which id is not allowed.
func IDsOf(list []string) (IDs, error) {
	var kept []string
	seen := make(map[string]bool, len(list))
	for _, id := range list {
		id = strings.TrimSpace(id)
		if err := checkID(id); err != nil {
			return "", err
		}
		if !seen[id] {
			kept, seen[id] = append(kept, id), true
		}
	}
	if len(kept) > MaxIDs {
		return "", fmt.Errorf("there are %d ids; at most %d are allowed", len(kept), MaxIDs)
	}
	return IDs(strings.Join(kept, ",")), nil
}

func checkID(id string) error {
	switch {
	case !utf8.ValidString(id):
		return errors.New("an id is not valid UTF-8")
	case id == "":
		return errors.New("an id is empty")
	case utf8.RuneCountInString(id) > MaxIDChars:
		return fmt.Errorf("the id %.40q… is longer than %d characters", id, MaxIDChars)
	case strings.ContainsFunc(id, func(c rune) bool { return c == ',' || c == ';' || unicode.IsControl(c) }):
		return fmt.Errorf("the id %.40q has a comma, a semicolon or a control character; leave it out", id)
	}
	return nil
}

// List returns the ids; nil if the set is empty.
func (ids IDs) List() []string {
	if ids == "" {
		return nil
	}
	return strings.Split(string(ids), ",")
}

// Check returns the first thing that is wrong with a discount, and the field at fault, such as "percent"; "" for the
// discount as a whole.
func (d Discount) Check() (field string, err error) {
	included, excluded := d.Included.List(), d.Excluded.List()
	switch d.Kind {
	case Percent:
		if d.Percent < 1 || d.Percent > 1_000_000 {
			return "percent", fmt.Errorf("a discount of %s percent is not allowed; it must be more than 0 and at most 100", money.FormatPercent(d.Percent))
		}
	case Fixed:
		if d.Fixed == "" {
			return "fixed", errors.New("a fixed discount has no amount; give one for each currency")
		}
	case FreeShipping:
	default:
		return "", errors.New("the discount has none of percent, fixed and free_shipping; set exactly one")
	}
	if n := len(included) + len(excluded); n > MaxIDs {
		return "excluded_ids", fmt.Errorf("there are %d included and excluded ids together; at most %d are allowed", n, MaxIDs)
	}
	for _, id := range excluded {
		if slices.Contains(included, id) {
			return "excluded_ids", fmt.Errorf("%q is also included; remove it from one of the lists", id)
		}
	}
	return d.checkCurrencies()
}

// checkCurrencies returns an error unless some currency has all amounts that the discount needs. No basket would get the
// discount otherwise.
func (d Discount) checkCurrencies() (field string, err error) {
	var common []string
	for _, part := range []struct {
		field   string
		amounts money.Amounts
	}{{"fixed", d.Fixed}, {"minimum_amount", d.Minimum}, {"maximum_discount", d.Maximum}} {
		if part.amounts == "" {
			continue
		}
		lacks := func(currency string) bool { return part.amounts.In(currency).IsNone() }
		if common == nil {
			for _, m := range part.amounts.List() {
				common = append(common, m.Currency)
			}
			continue
		}
		before := strings.Join(common, ", ")
		if common = slices.DeleteFunc(common, lacks); len(common) == 0 {
			return part.field, fmt.Errorf("has no amount in a currency of the discount's other amounts, %s; no basket would get the discount", before)
		}
	}
	return "", nil
}
