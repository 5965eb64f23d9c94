package listing

import "unicode/utf8"

// PrefixEnd returns the least text that is greater, byte by byte, than all valid UTF-8 texts with a
// prefix, itself valid UTF-8, so that stores can look for the prefix as a range of an index. It
// returns false where there is no such text: all texts from the prefix on have it.
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

// nextRune returns the character after one; the surrogates between U+D7FF and U+E000 are none.
func nextRune(r rune) rune {
	if r == 0xD7FF {
		return 0xE000
	}
	return r + 1
}
