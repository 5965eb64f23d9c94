// Package spreadsheet makes texts safe to be opened in a spreadsheet, where a cell that looks like a
// formula is run, and gets them back.
//
// Any package may import it; it imports none of ours.
package spreadsheet

import (
	"strings"
	"unicode/utf8"
)

// formulaStarts are the characters by which a spreadsheet takes a cell for a formula, or comes to one:
// those that OWASP names, with their full-width forms.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// Defuse returns a text that a spreadsheet does not run: an apostrophe in front makes a text of what
// looks like a formula. A formula that has apostrophes in front already gets one more, so that Restore
// knows which to take away.
func Defuse(text string) string {
	if isFormula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// Restore returns the text that Defuse was given.
func Restore(text string) string {
	if rest, quoted := strings.CutPrefix(text, "'"); quoted && isFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return text
}

func isFormula(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune(formulaStarts, first)
}
