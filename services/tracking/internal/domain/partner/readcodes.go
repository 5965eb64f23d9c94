package partner

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// addCode adds a code to a report, unless the report already has it, ignoring case.
func addCode(r *domain.Report, code string, _ time.Time) error {
	switch {
	case r.Code == "":
		r.Code = code
	case couponcode.Fold(code) == couponcode.Fold(r.Code):
	case slices.ContainsFunc(r.More, func(other string) bool { return couponcode.Fold(other) == couponcode.Fold(code) }):
	case len(r.More)+1 == domain.MaxCodes:
		return fmt.Errorf("has more than %d codes; send at most %d, those that the shopper used for this sale", domain.MaxCodes, domain.MaxCodes)
	default:
		r.More = append(r.More, code)
	}
	return nil
}

// ReadCodes adds the codes in a field's values to a report. Each value may hold several, as in the parameter
// coupon_code. The error is InvalidArgument on the field.
func ReadCodes(r *domain.Report, field string, values []string) error {
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
