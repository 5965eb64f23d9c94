package domain

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// suggestCode returns the code that an invalid text probably means, or "". It removes punctuation, symbols,
// spaces and accents, and transliterates other Latin letters to ASCII. It never drops a letter or a digit: if
// it cannot transliterate one, it suggests nothing.
func suggestCode(text string) string {
	const longest = 4 * couponcode.MaxChars // a much longer text is not a misspelled code
	if len(text) > longest || !utf8.ValidString(text) || spreadsheetCause(text) != "" {
		return ""
	}
	var code strings.Builder
	for at, c := range text {
		written, ok := inASCII(c)
		if !ok {
			return ""
		}
		if c == 'ß' && isAmongCapitals(text[:at], text[at+utf8.RuneLen(c):]) {
			written = "SS"
		}
		code.WriteString(written)
	}
	if !couponcode.Is(code.String()) || code.String() == text {
		return ""
	}
	return code.String()
}

// isAmongCapitals reports whether a letter has capitals but no small letters next to it, like the ß in
// STRAßE, which keyboards cannot type as a capital.
func isAmongCapitals(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return (unicode.IsUpper(last) || unicode.IsUpper(next)) && !unicode.IsLower(last) && !unicode.IsLower(next)
}

// latin has the ASCII forms of Latin letters that do not decompose into an ASCII letter and marks.
var latin = map[rune]string{
	'ß': "ss", 'ẞ': "SS", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ø': "o", 'Ø': "O", 'ł': "l", 'Ł': "L",
	'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "TH", 'ħ': "h", 'Ħ': "H", 'ŧ': "t", 'Ŧ': "T",
	'ŋ': "ng", 'Ŋ': "NG", 'ı': "i", 'ĸ': "k", 'ƀ': "b", 'Ƀ': "B", 'ɨ': "i", 'Ɨ': "I", 'ə': "e", 'Ə': "E",
	'ɓ': "b", 'Ɓ': "B", 'ɗ': "d", 'Ɗ': "D", 'ƙ': "k", 'Ƙ': "K", 'ƴ': "y", 'Ƴ': "Y", 'ƒ': "f", 'Ƒ': "F", 'ɛ': "e", 'Ɛ': "E",
	'ɔ': "o", 'Ɔ': "O", 'ɲ': "n", 'Ɲ': "N",
}

// inASCII transliterates a character to ASCII letters and digits. The result is "" if the character is
// neither a letter nor a digit. ok is false if it is one but has no ASCII form.
func inASCII(c rune) (written string, ok bool) {
	switch {
	case couponcode.IsChar(c):
		return string(c), true
	case c < utf8.RuneSelf || unicode.In(c, unicode.P, unicode.Z, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Me):
		return "", true
	}
	if written, ok = latin[c]; ok {
		return written, true
	}
	bare := strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, norm.NFKD.String(string(c)))
	for _, c := range bare {
		if special, ok := latin[c]; ok { // such a letter with an accent, like ǿ
			bare = strings.Replace(bare, string(c), special, 1)
		}
	}
	isPlain := bare != "" && strings.IndexFunc(bare, func(c rune) bool { return !couponcode.IsChar(c) }) < 0
	switch {
	case unicode.In(c, unicode.L, unicode.N, unicode.M):
		return bare, isPlain
	case isPlain && len(bare) == 1: // a letter in a circle
		return bare, true
	default: // a symbol, unless it is a letter in a black circle or square, which does not decompose
		return "", c < 0x1F150 || c > 0x1F189
	}
}

// Texts that spreadsheets turn codes into that look like numbers, dates or formulas.
var (
	rewrittenNumber = regexp.MustCompile(`^[-+]?[0-9]+([.,][0-9]+)?[eE][-+]?[0-9]+$`)
	formattedNumber = regexp.MustCompile(`^[-+]?([0-9]+[.,][0-9]+|[0-9]{1,3}([.,'’ \x{00A0}\x{202F}][0-9]{3})+([.,][0-9]+)?) ?%?$`)
	rewrittenDate   = regexp.MustCompile(`(?i)^([0-9]{1,2}[-./ ])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)([-./ ][0-9]{2,4})?$`)
	cellError       = regexp.MustCompile(`^#(NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|N/A|SPILL!|CALC!|#+)$`)
)

// spreadsheetCause describes what a spreadsheet did to a code; "" if it did nothing visible. The typed code
// is lost, so no code can be suggested.
func spreadsheetCause(text string) string {
	const remedy = "; format the column as text and enter the code again"
	switch {
	case couponcode.Is(text):
		return ""
	case rewrittenNumber.MatchString(text), formattedNumber.MatchString(text):
		return "the code " + pasted.Quote(text) + " is a number that a spreadsheet has rewritten" + remedy
	case rewrittenDate.MatchString(text):
		return "the code " + pasted.Quote(text) + " is a date that a spreadsheet has made of it" + remedy
	case cellError.MatchString(text):
		return "the code " + pasted.Quote(text) + " is an error of a spreadsheet's cell" + remedy
	}
	return ""
}
