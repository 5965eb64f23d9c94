package listing

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// searchSuffix is appended to a Title's stored name for its search key.
const searchSuffix = "_search"

// SearchKey returns a Title as it is searched: composed (NFC) and folded. So a search ignores case, and
// finds a letter such as ü typed as one character or as two. Stores keep the key beside each Title, under its stored
// name with _search appended. Filters search it for the key of their value.
//
// If SearchKey changes, a migration must recompute the stored keys.
func SearchKey(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	return norm.NFC.String(strings.Map(foldCherokee, cases.Fold().String(norm.NFD.String(text))))
}

// foldCherokee returns the capital of a small Cherokee letter. Unicode folds Cherokee to its capitals
// (CaseFolding.txt), but cases.Fold swaps them.
func foldCherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 8
	default:
		return r
	}
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
