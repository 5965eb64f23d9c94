package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// MaxCodes is how many codes one sale may come with.
const MaxCodes = 10

// Codes holds the codes of a sale as they are stored: as sent, in that order, one a line. A single code, as
// nearly every sale has, is the text itself.
type Codes string

// List returns the codes; nil for none.
func (c Codes) List() []string {
	if c == "" {
		return nil
	}
	return strings.Split(string(c), "\n")
}

// Codes returns the codes that the report came with.
func (r Report) Codes() Codes {
	if len(r.More) == 0 {
		return Codes(r.Code)
	}
	return Codes(r.Code + "\n" + strings.Join(r.More, "\n"))
}

// CodeText returns the codes as one text.
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

// addCode adds a code to a report, unless the report has it, in any case.
func addCode(r *Report, code string, _ time.Time) error {
	switch {
	case r.Code == "":
		r.Code = code
	case couponcode.Fold(code) == couponcode.Fold(r.Code):
	case slices.ContainsFunc(r.More, func(other string) bool { return couponcode.Fold(other) == couponcode.Fold(code) }):
	case len(r.More)+1 == MaxCodes:
		return fmt.Errorf("has more than %d codes; send at most %d, those that the shopper used for this sale", MaxCodes, MaxCodes)
	default:
		r.More = append(r.More, code)
	}
	return nil
}

// ReadCodes adds the codes in a field's values to a report. Each value may hold several, as in the parameter
// coupon_code. The error is InvalidArgument on the field.
func ReadCodes(r *Report, field string, values []string) error {
	code := slices.IndexFunc(parameters, func(p parameter) bool { return p.name == "coupon_code" })
	return parameters[code].read(r, []sent{{name: field, values: values}}, nil, time.Time{})
}

// isCodeSeparator reports whether a character separates two codes in a value.
func isCodeSeparator(c rune) bool {
	switch c {
	case ',', ';', '|', '，', '；', '、':
		return true
	}
	return unicode.IsSpace(c)
}

// splitCodes returns the codes in a value: separated by commas, semicolons, pipes and white space, or a JSON
// list. It never splits an unfilled macro.
func splitCodes(value string, isUnfilled func(string) bool) []string {
	if inner, ok := strings.CutPrefix(value, `["`); ok && strings.HasSuffix(inner, `"]`) {
		value = strings.ReplaceAll(`"`+strings.TrimSuffix(inner, "]"), `"`, "")
	}
	var codes []string
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ',' || c == ';' }) {
		part = pasted.Trim(part)
		pieces := strings.FieldsFunc(part, isCodeSeparator)
		if isUnfilled(part) && !slices.ContainsFunc(pieces, isUnfilled) {
			pieces = []string{part}
		}
		for _, piece := range pieces {
			codes = append(codes, pasted.Trim(piece))
		}
	}
	return codes
}
