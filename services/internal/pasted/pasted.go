// Package pasted cleans values that people copy from web pages, chats and spreadsheets. It is pure, and
// everything that reads values from outside may import it.
package pasted

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Trim returns a value without the invisible characters around it: white space of every kind, and formatting
// characters such as U+200B (zero width space), U+FEFF (byte order mark), U+200E (left-to-right mark) and
// U+2060 (word joiner). It keeps those inside the value: emoji and some scripts need them. It also keeps
// control characters that are not white space, so that they are refused.
func Trim(value string) string {
	if value == "" || isPlain(value[0]) && isPlain(value[len(value)-1]) {
		return value // most values
	}
	return strings.TrimFunc(value, isUnseen)
}

// TrimStart is like Trim, but only at the start: for the beginning of a value, which may end with a space.
func TrimStart(value string) string { return strings.TrimLeftFunc(value, isUnseen) }

// isPlain reports whether a byte is a visible ASCII character.
func isPlain(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// isUnseen reports whether a character is invisible.
func isUnseen(c rune) bool {
	if c < utf8.RuneSelf {
		return unicode.IsSpace(c)
	}
	switch {
	case c >= 0xE0020 && c <= 0xE007F: // the end of a flag, such as Scotland's
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, c): // signs before a number, which are visible
		return false
	case unicode.In(c, unicode.Cf, unicode.Z), unicode.IsSpace(c):
		return true
	}
	switch c {
	case 0x034F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0: // joiners, fillers and blanks that Unicode classifies as letters, marks or symbols
		return true
	}
	return false
}

// Quote returns a caller's text for a message: quoted, without control characters, and shortened.
func Quote(text string) string {
	const longest = 80
	if len(text) > longest {
		return strconv.QuoteToGraphic(text[:longest]) + "…"
	}
	return strconv.QuoteToGraphic(text)
}
