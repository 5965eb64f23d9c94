package rules

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// ParseCode returns a code as it is kept: as typed, less the unseen characters around it. What is not 3
// to 64 ASCII letters and digits is refused with INVALID_CODE on the field `code`. Where leaving
// characters out makes a code of it, the error suggests that one, in words and as the metadata
// value `suggestion`.
func ParseCode(text string) (string, error) {
	code := pasted.Trim(text)
	if couponcode.Is(code) {
		return code, nil
	}
	refusal := apperr.Invalid("INVALID_CODE", "code", "%s", codeFault(code))
	if suggestion := suggestCode(code); suggestion != "" {
		refusal = apperr.Invalid("INVALID_CODE", "code", "%s; did you mean %s?", codeFault(code), suggestion)
		return "", refusal.With("suggestion", suggestion)
	}
	return "", refusal
}

// codeFault says what is wrong with a trimmed text that is not a code.
func codeFault(code string) string {
	if !utf8.ValidString(code) {
		return "the code is not valid UTF-8; it must be 3 to 64 letters A-Z and digits"
	}
	for _, c := range code {
		switch {
		case couponcode.IsChar(c):
		case c > 127:
			return "the code has " + quoteRune(c) + ", which is not a letter A-Z or a digit; letters with accents and other scripts are not allowed"
		default:
			return "the code has " + quoteRune(c) + "; only letters A-Z and digits are allowed, no special characters"
		}
	}
	switch {
	case code == "":
		return "the code is empty; it must be 3 to 64 letters and digits"
	case len(code) < couponcode.MinChars:
		return "the code is too short; it must have at least 3 letters and digits"
	default:
		return "the code is too long; it must have at most 64 letters and digits"
	}
}

// suggestCode returns the code that is left when all but letters and digits is left out of a text,
// or "" if that is no code. Accents are taken off their letters first.
func suggestCode(text string) string {
	const longest = 4 * couponcode.MaxChars // a text far longer than a code is no misspelled code
	if len(text) > longest || !utf8.ValidString(text) {
		return ""
	}
	kept := strings.Map(func(c rune) rune {
		if couponcode.IsChar(c) {
			return c
		}
		return -1
	}, norm.NFKD.String(text))
	if !couponcode.Is(kept) || kept == text {
		return ""
	}
	return kept
}
