package listing

import "unicode/utf8"

// PrefixEnd returns the least valid UTF-8 text that is greater, byte by byte, than all valid UTF-8 texts with a prefix.
// With it, stores look for a prefix as a range of an index. It returns false if no text is greater.
func PrefixEnd(prefix string) (string, bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if last < utf8.MaxRune {
			return prefix + string(nextRune(last)), true
		}
	}
	return "", false
}

// nextRune returns the next character. It skips the surrogates between U+D7FF and U+E000.
func nextRune(r rune) rune {
	if r == 0xD7FF {
		return 0xE000
	}
	return r + 1
}
