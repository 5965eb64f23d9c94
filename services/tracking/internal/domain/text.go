package domain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// MaxValueChars bounds a parameter's value, in characters.
const MaxValueChars = 255

// CheckText refuses values with invalid UTF-8, control characters or more than MaxValueChars characters. The
// error is InvalidArgument on the field.
func CheckText(name, value string) error {
	if !utf8.ValidString(value) || !utf8.ValidString(name) {
		return apperr.Invalid("INVALID_UTF8", strings.ToValidUTF8(name, "�"), "is not valid UTF-8; percent-encode the UTF-8 bytes of the value")
	}
	if utf8.RuneCountInString(value) > MaxValueChars {
		return apperr.Invalid(InvalidReason(name), name, "has %d characters; at most %d are allowed", utf8.RuneCountInString(value), MaxValueChars)
	}
	if i := strings.IndexFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
		return apperr.Invalid(InvalidReason(name), name, "has a control character (%U)", value[i])
	}
	return nil
}

// InvalidReason returns the reason for refusing a parameter, a field or a header.
func InvalidReason(name string) string {
	return "INVALID_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// CheckID returns an error if a text cannot be the id of an offer or a publisher.
func CheckID(text string) error {
	if !resource.IsID(text) {
		return fmt.Errorf("%q is not an id: 1 to 63 of a-z, 0-9 and '-', the first a letter or digit", text)
	}
	return nil
}
