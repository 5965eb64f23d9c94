package pasted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// WithoutSteering returns a text without the characters that change how the text around them is shown or taken: those
// that set the direction of writing, and the C1 control characters. They are of no use in a URL, a header or a file, and
// can make one look like another.
func WithoutSteering(text string) string {
	if !HasSteering(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if isSteering(r) {
			return -1
		}
		return r
	}, text)
}

// HasSteering reports whether a text has characters that WithoutSteering removes.
func HasSteering(text string) bool {
	for i := range len(text) {
		// C1 and the Arabic letter mark begin with 0xC2 and 0xD8, all others with 0xE2.
		if c := text[i]; c >= utf8.RuneSelf && (c == 0xC2 || c == 0xD8 || c == 0xE2) {
			return strings.ContainsFunc(text, isSteering)
		}
	}
	return false
}

func isSteering(r rune) bool { return r >= 0x80 && r <= 0x9F || unicode.Is(unicode.Bidi_Control, r) }
