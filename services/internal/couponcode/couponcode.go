// Package couponcode defines coupon codes and when two are equal. It is pure. Any part of any service may import it,
// and no other package compares codes.
package couponcode

import "github.com/couponlink/couponlink/services/internal/pasted"

// The bounds of a code's length, in characters.
const (
	MinChars = 3
	MaxChars = 64
)

// Fold returns a code as codes are stored and compared: without surrounding spaces and invisible
// characters, with the letters a to z in upper case. It accepts any text and changes no other character, so a text that
// is not a code does not become one.
func Fold(code string) string { return Upper(pasted.Trim(code)) }

// Equal reports whether two codes are the same.
func Equal(a, b string) bool { return Fold(a) == Fold(b) }

// Upper returns text with the letters a to z in upper case and everything else unchanged.
func Upper(text string) string {
	for i := range len(text) {
		if c := text[i]; 'a' <= c && c <= 'z' {
			return upper(text, i)
		}
	}
	return text
}

// upper is Upper for a text whose first lower-case letter is at index from.
func upper(text string, from int) string {
	folded := []byte(text)
	for i := from; i < len(folded); i++ {
		if c := folded[i]; 'a' <= c && c <= 'z' {
			folded[i] = c - 'a' + 'A'
		}
	}
	return string(folded)
}

// Is reports whether text can be a coupon's code, in any case: 3 to 64 ASCII letters and digits, with nothing around
// them.
func Is(text string) bool {
	if len(text) < MinChars || len(text) > MaxChars {
		return false
	}
	for i := range len(text) {
		if !IsChar(rune(text[i])) {
			return false
		}
	}
	return true
}

// IsChar reports whether a code can contain c.
func IsChar(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
