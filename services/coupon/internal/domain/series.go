package domain

import (
	"fmt"
	"io"
	"strconv"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// The bounds of a series of generated codes.
const (
	MaxSeriesCount   = 10_000
	MaxPrefixChars   = 32
	MinRandomChars   = 4
	MaxRandomChars   = 32
	DefaultRandom    = 8
	codesPerOneGiven = 1000 // fewer than one in this many possible codes may be given out
)

// codeAlphabet leaves out characters that are easily confused: 0 O 1 I L.
const codeAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

// Series says which codes to generate.
type Series struct {
	// Count is the number of codes.
	Count int
	// Prefix is what each code begins with. It may be empty.
	Prefix string
	// Length is the number of random characters after the prefix; 0 means DefaultRandom.
	Length int
}

// CheckSeriesOf checks a coupon without a code as CheckCoupon does, and a series of codes for it. It returns
// both as they are used, the series with its defaults filled in. The error names every field at fault. The
// fields of the series are `count`, `prefix` and `length`, with the reasons INVALID_COUNT, INVALID_PREFIX and
// INVALID_LENGTH.
func CheckSeriesOf(draft Coupon, s Series) (Coupon, Series, error) {
	var found apperr.Findings
	if pasted.Trim(draft.Code) != "" {
		found.Add(invalid("code", "the code is %s; it must be empty, because codes are generated", pasted.Quote(draft.Code)))
	}
	draft.Code = codeAlphabet // a valid placeholder for the generated codes, which are always valid
	draft, err := CheckCoupon(draft)
	draft.Code = ""
	found.Add(err)
	s.Prefix = pasted.Trim(s.Prefix)
	if s.Length == 0 {
		s.Length = DefaultRandom
	}
	found.Add(checkCount(s.Count))
	found.Add(checkPrefix(s.Prefix))
	found.Add(checkLength(s))
	return draft, s, found.Err()
}

func checkCount(count int) error {
	if count < 1 || count > MaxSeriesCount {
		return invalid("count", "the count is %d; it must be 1 to 10,000", count)
	}
	return nil
}

// checkLength also refuses a length that would make Count codes easy to guess.
func checkLength(s Series) error {
	if s.Length < MinRandomChars || s.Length > MaxRandomChars {
		return invalid("length", "the length is %d; it must be 4 to 32", s.Length)
	}
	if checkCount(s.Count) == nil && s.Length < lengthFor(s.Count) {
		return invalid("length", "%d codes of %d random characters would be easy to guess; the length must be at least %d",
			s.Count, s.Length, lengthFor(s.Count))
	}
	return nil
}

func checkPrefix(prefix string) error {
	if len(prefix) > MaxPrefixChars {
		return invalid("prefix", "the prefix has %d characters; it may have at most 32", len(prefix))
	}
	for _, c := range prefix {
		if !couponcode.IsChar(c) {
			return invalid("prefix", "the prefix has %s; only letters A-Z and digits are allowed", strconv.QuoteRuneToGraphic(c))
		}
	}
	return nil
}

// lengthFor returns the shortest length at which count codes, at most 10,000, are hard to guess.
func lengthFor(count int) int {
	length, codes := 0, 1
	for length < MinRandomChars || count*codesPerOneGiven >= codes {
		length, codes = length+1, codes*len(codeAlphabet)
	}
	return length
}

// FillCodes generates codes until there are as many as the series has. None is in taken, and each is added to
// it, folded. The series must come from CheckSeriesOf. random must be an endless source of uniformly
// distributed bytes.
func FillCodes(codes []string, s Series, taken map[string]bool, random io.Reader) ([]string, error) {
	for len(codes) < s.Count {
		code, err := makeCode(s, random)
		if err != nil {
			return nil, fmt.Errorf("making a code: %w", err)
		}
		if folded := couponcode.Fold(code); !taken[folded] {
			taken[folded] = true
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// makeCode returns a code of a series. All possible codes are equally likely.
func makeCode(s Series, random io.Reader) (string, error) {
	const fair = 256 / len(codeAlphabet) * len(codeAlphabet) // bytes from this one on would favor the first characters
	code := append(make([]byte, 0, len(s.Prefix)+s.Length), s.Prefix...)
	chance := make([]byte, s.Length)
	for len(code) < len(s.Prefix)+s.Length {
		if _, err := io.ReadFull(random, chance); err != nil {
			return "", err
		}
		for _, b := range chance {
			if int(b) < fair && len(code) < len(s.Prefix)+s.Length {
				code = append(code, codeAlphabet[int(b)%len(codeAlphabet)])
			}
		}
	}
	return string(code), nil
}

// WithCodes returns a coupon like draft for each code.
func WithCodes(draft Coupon, codes []string) []Coupon {
	coupons := make([]Coupon, len(codes))
	for i, code := range codes {
		coupons[i] = draft
		coupons[i].Code = code
	}
	return coupons
}

// SeriesExhausted returns the error for a series that has too few free codes left: INVALID_LENGTH on
// `length`.
func SeriesExhausted(s Series) error {
	return invalid("length", "too many codes of %d random characters after the prefix %s are taken; use a greater length or another prefix",
		s.Length, pasted.Quote(s.Prefix))
}
