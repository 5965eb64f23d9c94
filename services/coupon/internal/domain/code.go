package domain

import (
	"strconv"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// ParseCode returns a code as it is stored: as typed, without surrounding invisible characters. Anything but
// 3 to 64 ASCII letters and digits is refused with INVALID_CODE on the field `code`. If suggestCode can tell
// which code was meant, the error suggests it, in its message and as the metadata value `suggestion`.
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

// codeFault returns what is wrong with a trimmed text that is not a code.
func codeFault(code string) string {
	if !utf8.ValidString(code) {
		return "the code is not valid UTF-8; it must be 3 to 64 letters A-Z and digits"
	}
	if cause := spreadsheetCause(code); cause != "" {
		return cause
	}
	for _, c := range code {
		switch {
		case couponcode.IsChar(c):
		case c > 127:
			return "the code has " + strconv.QuoteRuneToGraphic(c) + ", which is not a letter A-Z or a digit; letters with accents and other scripts are not allowed"
		default:
			return "the code has " + strconv.QuoteRuneToGraphic(c) + "; only letters A-Z and digits are allowed, no special characters"
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
