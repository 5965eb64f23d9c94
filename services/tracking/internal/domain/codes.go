package domain

import (
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// MaxCodes bounds the codes of one sale.
const MaxCodes = 10

// Codes holds the codes of a sale as they are stored: as sent, in that order, one per line. A single code,
// as nearly every sale has, is the text itself.
type Codes string

// List returns the codes; nil for none.
func (c Codes) List() []string {
	if c == "" {
		return nil
	}
	return strings.Split(string(c), "\n")
}

func (r Report) Codes() Codes {
	if len(r.More) == 0 {
		return Codes(r.Code)
	}
	return Codes(r.Code + "\n" + strings.Join(r.More, "\n"))
}

// CodeText returns the codes as one text, separated by commas.
func (r Report) CodeText() string {
	if len(r.More) == 0 {
		return r.Code
	}
	return r.Code + "," + strings.Join(r.More, ",")
}

// codeKey returns the codes in a form for comparing reports. It does not depend on their order.
func (r Report) codeKey() string {
	if len(r.More) == 0 {
		return couponcode.Fold(r.Code)
	}
	folded := []string{couponcode.Fold(r.Code)}
	for _, code := range r.More {
		folded = append(folded, couponcode.Fold(code))
	}
	slices.Sort(folded)
	return strings.Join(folded, ",")
}

// Without returns the report without some of its codes.
func (r Report) Without(isLeftOut func(code string) bool) Report {
	all := append([]string{r.Code}, r.More...)
	all = slices.DeleteFunc(all, isLeftOut)
	r.Code, r.More = "", nil
	if len(all) > 0 {
		r.Code, r.More = all[0], all[1:]
	}
	return r
}
